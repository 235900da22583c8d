import type { ProgressEvent } from '@berth/wire/native/api';

/** What happens to one thing of a long operation: a layer by its short digest, or the whole by its name. */
export type ProgressStep = Pick<ProgressEvent, 'id' | 'status' | 'current' | 'total'>;

/** Shows how far a long operation is. All of it goes to standard error, except for JSON: it is the output then. */
export interface ProgressDisplay extends Disposable {
  show(step: ProgressStep): void;
  /** The last event of an operation that succeeded, with its result. */
  finish?(event: unknown): void;
}

/** How an operation is shown: `auto` is bars on a terminal, lines elsewhere. */
export type ProgressMode = 'auto' | 'tty' | 'plain' | 'json' | 'quiet';

export const progressModes: readonly ProgressMode[] = ['auto', 'tty', 'plain', 'json', 'quiet'];

/** What a thing says when nothing more happens to it. */
const last: ReadonlySet<string> = new Set([
  'done',
  'already there',
  'mounted',
  'copied',
  'stored',
  'pulled',
  'pushed',
  'up to date',
]);

export function isLast({ status = '' }: ProgressStep): boolean {
  return last.has(status);
}
