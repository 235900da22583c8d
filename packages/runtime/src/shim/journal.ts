import { BerthError } from '@berth/model/error';
import type { Exit } from './message.ts';

/** One line of a shim's journal. Times are nanoseconds since 1970. */
export type JournalEvent =
  | { readonly event: 'start'; readonly process: number; readonly pid: number; readonly at: bigint }
  | {
      readonly event: 'fail';
      readonly process: number;
      /** Undefined when no record was at fault. */
      readonly record: number | undefined;
      readonly errno: number;
      readonly at: bigint;
    }
  | ({ readonly event: 'exit' } & Exit);

/**
 * The events in a journal's text. A last line without its newline was torn by a crash and is left out:
 * nobody was told of it. Any other line that is not an event fails with `data_loss`.
 */
export function parseJournal(text: string): JournalEvent[] {
  return text
    .split('\n')
    .slice(0, -1)
    .map((line, index) => {
      const event = parseLine(line);
      if (event === undefined) {
        throw new BerthError('data_loss', `journal line ${index + 1} is not an event: ${line}`, {
          code: 'bad_journal',
        });
      }
      return event;
    });
}

function parseLine(line: string): JournalEvent | undefined {
  const match = /^(start|fail|exit)((?: -?\d+)+)$/.exec(line);
  if (match === null) return undefined;
  const values = match[2]!.trim().split(' ');
  const [process, second, third] = values.map(Number);
  const at = BigInt(values.at(-1)!);
  if (match[1] === 'start' && values.length === 3) {
    return { event: 'start', process: process!, pid: second!, at };
  }
  if (match[1] === 'fail' && values.length === 4) {
    return { event: 'fail', process: process!, record: second! < 0 ? undefined : second!, errno: third!, at };
  }
  if (match[1] === 'exit' && values.length === 4) {
    return { event: 'exit', process: process!, code: second!, signal: third!, at };
  }
  return undefined;
}
