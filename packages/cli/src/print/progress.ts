import { BerthError } from '@berth/model/error';
import type { LoadResult, ProgressEvent } from '@berth/wire/native/api';
import { decimalSize } from './human-size.ts';
import { printError } from './output.ts';

const barWidth = 30;

/**
 * Shows events until the last one, which it returns. On a terminal every id has a line that changes in place;
 * otherwise a line is printed when an id's status changes. All of it goes to standard error: standard output
 * is for the result.
 * @throws internal when the events end without a result
 */
export async function showProgress(
  events: AsyncIterable<ProgressEvent>,
  options: { readonly quiet: boolean },
): Promise<LoadResult> {
  const show = options.quiet ? () => undefined : process.stderr.isTTY ? inPlace() : lineByLine();
  for await (const event of events) {
    if (event.done !== undefined) return event.done;
    show(event);
  }
  throw new BerthError('internal', 'the daemon ended its report without a result', { code: 'bad_answer' });
}

function lineByLine(): (event: ProgressEvent) => void {
  const seen = new Map<string, string>();
  return ({ id = '', status = '' }) => {
    if (status === '' || seen.get(id) === status) return;
    seen.set(id, status);
    printError(`${progressLine({ id, status })}\n`);
  };
}

function inPlace(): (event: ProgressEvent) => void {
  const rows: string[] = [];
  return (event) => {
    const id = event.id ?? '';
    const known = rows.indexOf(id);
    if (known < 0) rows.push(id);
    const up = known < 0 ? 0 : rows.length - known;
    const line = progressLine(event);
    if (up === 0) printError(`${line}\n`);
    else printError(`\x1b[${up}A\r\x1b[K${line}\x1b[${up}B\r`);
  };
}

/** `5f70bf18a086: Extracting [=====>    ] 1.2MB/4.1MB` */
export function progressLine({ id, status, current, total }: ProgressEvent): string {
  const label = [id, status].filter((part) => part !== undefined && part !== '').join(': ');
  if (current === undefined) return label;
  if (total === undefined || total === 0) return `${label} ${decimalSize(current)}`;
  const filled = Math.min(barWidth, Math.floor((current / total) * barWidth));
  const bar = filled === barWidth ? '='.repeat(barWidth) : `${'='.repeat(filled)}>`.padEnd(barWidth);
  return `${label} [${bar}] ${decimalSize(current)}/${decimalSize(total)}`;
}
