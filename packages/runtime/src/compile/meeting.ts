import type { PlanRecord } from '../plan/record.ts';
import { inContainer, onHost } from './step.ts';

/** Where the two tracks wait for each other, docs/plan.md `post` and `wait`: each place has tokens of its own. */
export const token = {
  /** To the process: it is in its cgroup. */
  inCgroup: 1,
  /** To the process: the user namespace has its maps. */
  mapped: 2,
  /** To the shim and back: the file tree stands, and what the client does in it is done. */
  mounted: 3,
  prepared: 4,
  /** To the shim: the terminal was sent. */
  terminal: 5,
  /** To the shim and back: no step is left that a limit could break. */
  unlimited: 6,
  limited: 7,
  /** To the shim and back: all but the program is there; the client wants it to run. */
  created: 8,
  started: 9,
  /** To the shim: an exec has chosen its processors, and may be put into its cgroup. */
  placed: 10,
} as const;

/** What each track does at a place where one waits for the other. */
export interface Meeting {
  readonly host: readonly PlanRecord[];
  readonly container: readonly PlanRecord[];
}

export const noMeeting: Meeting = { host: [], container: [] };

/** The process stops at its place until the shim has done these; nothing at all for an empty list. */
export function meeting(
  tokens: { readonly reached: number; readonly done: number },
  records: readonly PlanRecord[],
): Meeting {
  if (records.length === 0) return noMeeting;
  return {
    host: [onHost('wait', { token: tokens.reached }), ...records, onHost('post', { token: tokens.done })],
    container: [inContainer('post', { token: tokens.reached }), inContainer('wait', { token: tokens.done })],
  };
}
