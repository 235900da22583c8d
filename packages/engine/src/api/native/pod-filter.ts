import type { PodView } from '#service/pod/contract';
import { byLabel, byName, byWord, type Filter, filterOf, type FilterMakers } from './filter.ts';

const makers: FilterMakers<PodView> = {
  id: (value) => (view) => view.id.startsWith(value),
  name: byName((view) => view.config.metadata.name),
  namespace: (value) => (view) => view.config.metadata.namespace === value,
  status: byWord(['ready', 'not_ready'], (view) => view.state),
  label: byLabel((view) => view.config.labels),
};

/** @throws invalid_argument (`bad_filter`) */
export function podFilter(texts: readonly string[]): Filter<PodView> {
  return filterOf(texts, makers);
}
