import type { SeccompSpec } from '@berth/model/runtime-spec';
import type { PlanRecord } from '../plan/record.ts';
import { compileSeccomp } from '../seccomp/compile.ts';
import type { ProcessFacts } from './facts.ts';
import { invalid } from './invalid.ts';
import type { AroundPid } from './state.ts';
import { inContainer, onHost } from './step.ts';

/** The system call filter, if the spec has one. Where it goes is for the credentials to say. */
export interface FilterRecords {
  /** Before `spawn`: the connection to the agent that answers for the kernel. */
  readonly host: readonly PlanRecord[];
  readonly container: readonly PlanRecord[];
}

export function filterRecords(
  seccomp: SeccompSpec | undefined,
  architecture: ProcessFacts['architecture'] = process.arch === 'arm64' ? 'arm64' : 'x64',
  state: (seccomp: SeccompSpec) => AroundPid,
): FilterRecords {
  if (seccomp === undefined) return { host: [], container: [] };
  const { flags, program, notifies } = compileSeccomp(seccomp, architecture);
  const container = [inContainer('seccomp', { flags, program })];
  if (!notifies) return { host: [], container };
  if (!seccomp.listenerPath) {
    throw invalid('linux.seccomp.listenerPath', 'SCMP_ACT_NOTIFY needs the socket of an agent');
  }
  return { host: [onHost('notify_connect', { path: seccomp.listenerPath, ...state(seccomp) })], container };
}
