import { printError } from '../print/output.ts';
import { isLast, type ProgressDisplay, type ProgressStep } from './display.ts';
import { rowAmount, rowLabel } from './row.ts';

/** Between two lines of one thing that goes on and on, ms. */
const interval = 10_000;

/** Lines for a log: one when a thing's status changes, and now and then one that says that it goes on. */
export function plainDisplay(print: (text: string) => void = printError, now = Date.now): ProgressDisplay {
  const told = new Map<string, { readonly status: string; readonly at: number }>();
  return {
    show(step: ProgressStep) {
      const { id = '', status = '' } = step;
      const before = told.get(id);
      const isNew = before?.status !== status;
      if (status === '' || (!isNew && (isLast(step) || now() - before.at < interval))) return;
      told.set(id, { status, at: now() });
      const amount = rowAmount(step);
      print(`${rowLabel(step)}${isNew || amount === '' ? '' : ` ${amount}`}\n`);
    },
    [Symbol.dispose]: () => undefined,
  };
}
