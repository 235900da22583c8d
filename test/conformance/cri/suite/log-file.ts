import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';

export interface LogLine {
  readonly time: string;
  readonly stream: 'stdout' | 'stderr';
  /** False where the rest of the line follows. */
  readonly isWhole: boolean;
  readonly text: string;
}

const form =
  /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)) (stdout|stderr) ([FP])(?::\S+)? (.*)$/s;

/** A log in the CRI's format, which each line must have. Empty when there is none. */
export function logFile(file: string): LogLine[] {
  if (!existsSync(file)) return [];
  // A line that is being written is none yet.
  const lines = readFileSync(file, 'latin1').split('\n').slice(0, -1);
  return lines.map((line) => {
    const match = form.exec(line);
    assert.ok(match !== null, `not a line of the CRI's log format: ${line.slice(0, 200)}`);
    const [, time = '', stream, tag, text = ''] = match;
    return { time, stream: stream as LogLine['stream'], isWhole: tag === 'F', text };
  });
}
