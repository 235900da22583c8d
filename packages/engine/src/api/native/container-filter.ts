import type { ContainerView } from '#service/container/contract';
import { badFilter, byLabel, byName, byWord, type Filter, filterOf, type FilterMakers } from './filter.ts';

const makers: FilterMakers<ContainerView> = {
  id: (value) => (view) => view.id.startsWith(value),
  name: byName((view) => view.name),
  status: byWord(['created', 'running', 'paused', 'exited', 'dead'], (view) => view.state.status),
  ancestor:
    (value) =>
    ({ config, image }) =>
      config.image === value || image.ref === value || image.target.includes(value),
  exited(value) {
    if (!/^-?\d+$/.test(value)) throw badFilter(`exited: '${value}' is not an exit code`, 'a whole number');
    return ({ state }) => state.status === 'exited' && state.exitCode === Number(value);
  },
  label: byLabel((view) => view.config.labels ?? {}),
  // An id or its start.
  pod: (value) => (view) => view.pod?.podId.startsWith(value) === true,
};

/** @throws invalid_argument (`bad_filter`) */
export function containerFilter(texts: readonly string[]): Filter<ContainerView> {
  return filterOf(texts, makers);
}
