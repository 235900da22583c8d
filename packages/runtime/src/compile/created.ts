import type { ProcessSpec } from '@berth/model/runtime-spec';
import { askToken } from '../plan/ask-token.ts';
import type { PlanRecord } from '../plan/record.ts';
import type { HostFacts } from './facts.ts';
import { token } from './meeting.ts';
import { programCandidates } from './program.ts';
import { inContainer, list, onHost } from './step.ts';

/** Create and start apart, on both tracks. */
export interface Created {
  /** Before the process is made: the gate's socket, which it inherits. */
  readonly before: readonly PlanRecord[];
  readonly host: readonly PlanRecord[];
  readonly container: readonly PlanRecord[];
}

/**
 * The process has done everything that can fail without the program when it says `created`: a program that is not
 * there is found out by then, as the callers of `create` expect. At a gate it then needs nobody: the shim's end of the
 * socket pair may be gone when somebody connects, so nothing waits for the shim after that.
 */
export function createdRecords(process: ProcessSpec, created: HostFacts['created']): Created {
  if (created === undefined) return { before: [], host: [], container: [] };
  const check = inContainer('program_check', { candidates: list(programCandidates(process)) });
  const reached = inContainer('post', { token: token.created });
  const asked = [onHost('wait', { token: token.created }), onHost('ask', { token: askToken.created, keep: 1 })];
  if (created === 'ask') {
    return {
      before: [],
      host: [...asked, onHost('post', { token: token.started })],
      container: [check, reached, inContainer('wait', { token: token.started })],
    };
  }
  return {
    before: [onHost('gate_listen', { path: created.gate })],
    host: asked,
    container: [check, reached, inContainer('gate', {})],
  };
}
