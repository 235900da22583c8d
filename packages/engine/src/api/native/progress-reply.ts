import type * as wire from '@berth/wire/native/api';
import type { Progress } from '#service/image/contract';
import type { Reply } from '../http/route.ts';
import { apiError } from './api-error.ts';
import { ProgressLines } from './progress-lines.ts';

/** Answers a long operation: a line for each step, then one that `finish` makes of its result, or one with its error. */
export function progressReply<T>(
  run: (report: Progress) => Promise<T>,
  finish: (result: T) => wire.ProgressEvent,
): Reply {
  const lines = new ProgressLines<wire.ProgressEvent>();
  void run((step) => lines.push(step)).then(
    (result) => lines.end(finish(result)),
    (error: unknown) => lines.end({ error: apiError(error) }),
  );
  return { lines, onError: (error) => ({ error: apiError(error) }) };
}
