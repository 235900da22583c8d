import { posix } from 'node:path';
import type { SeccompSpec } from '@berth/model/runtime-spec';
import type { ProcessFacts } from './facts.ts';

/** The version of the runtime spec that states follow. */
const ociVersion = '1.3.0';

/** JSON text around the number of a process that is not born yet. */
export interface AroundPid {
  readonly head: string;
  readonly tail: string;
}

type StateFacts = Pick<ProcessFacts, 'id' | 'bundle' | 'cgroupPath'>;
type Annotations = Readonly<Record<string, string>> | undefined;

/** The container's name, for those who know it only by its cgroup. */
export function idOf({ id, cgroupPath }: Pick<ProcessFacts, 'id' | 'cgroupPath'>): string {
  return id ?? posix.basename(cgroupPath);
}

/** The state that a hook reads, runtime.md "State", around its pid. */
export function hookState(facts: StateFacts, status: 'creating' | 'created', annotations: Annotations): AroundPid {
  const head = { ociVersion, id: idOf(facts), status };
  return {
    head: `${JSON.stringify(head).slice(0, -1)},"pid":`,
    tail: `,${JSON.stringify(rest(facts, annotations)).slice(1)}`,
  };
}

/**
 * The "container process state" that a seccomp agent reads before the listener's descriptor, config-linux.md. The
 * number is that of the filtered process. `first` is the container's first process: a container that is being created
 * has none to name yet (the spec wants it from `created` on), an exec has another one.
 */
export function agentState(
  seccomp: SeccompSpec,
  facts: StateFacts,
  container: { readonly first: number | undefined; readonly annotations: Annotations; readonly status: string },
): AroundPid {
  const { first, status, annotations } = container;
  const pid = first === undefined ? {} : { pid: first };
  const state = { ociVersion, id: idOf(facts), status, ...pid, ...rest(facts, annotations) };
  const metadata = seccomp.listenerMetadata === undefined ? {} : { metadata: seccomp.listenerMetadata };
  return {
    head: `${JSON.stringify({ ociVersion, fds: ['seccompFd'] }).slice(0, -1)},"pid":`,
    tail: `,${JSON.stringify({ ...metadata, state }).slice(1)}`,
  };
}

function rest({ bundle = '/' }: StateFacts, annotations: Annotations): object {
  return { bundle, ...(annotations === undefined ? {} : { annotations }) };
}
