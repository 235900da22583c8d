import { decimalSize } from '../print/human-size.ts';
import { ellipsis } from '../print/table.ts';
import { isLast, type ProgressStep } from './display.ts';

const widestBar = 40;
/** A bar that is shorter says less than the sizes beside it. */
const shortestBar = 8;

/** `5f70bf18a086: downloading` */
export function rowLabel({ id = '', status = '' }: ProgressStep): string {
  return [id, status].filter((part) => part !== '').join(': ');
}

/** `1.2MB/4.1MB`, empty where nothing is counted. */
export function rowAmount({ current, total }: ProgressStep): string {
  if (current === undefined) return '';
  return total === undefined || total === 0 ? decimalSize(current) : `${decimalSize(current)}/${decimalSize(total)}`;
}

/** `5f70bf18a086: downloading [=====>    ] 1.2MB/4.1MB`, within `width` columns. `label` is how wide labels are. */
export function progressRow(step: ProgressStep, { width, label }: { width: number; label: number }): string {
  if (isLast(step)) return ellipsis(lastRow(step), width);
  const amount = rowAmount(step);
  if (amount === '') return ellipsis(rowLabel(step), width);
  const start = rowLabel(step).padEnd(label);
  const room = Math.min(widestBar, width - start.length - amount.length - 4);
  const { current = 0, total = 0 } = step;
  if (total === 0 || room < shortestBar) return ellipsis(`${start} ${amount}`, width);
  return `${start} [${bar(current / total, room)}] ${amount}`;
}

/** `5f70bf18a086: copied 4.1MB`: what has ended needs no bar. */
function lastRow(step: ProgressStep): string {
  const { current, total = current } = step;
  return total === undefined ? rowLabel(step) : `${rowLabel(step)} ${decimalSize(total)}`;
}

function bar(part: number, length: number): string {
  const filled = Math.min(length, Math.max(0, Math.floor(part * length)));
  return filled === length ? '='.repeat(length) : `${'='.repeat(filled)}>`.padEnd(length);
}
