import { print } from '../print/output.ts';
import type { ProgressDisplay } from './display.ts';

/** Every event as the API tells it, a line each on standard output; the last one has the result. */
export function jsonDisplay(): ProgressDisplay {
  const show = (event: unknown): void => print(`${JSON.stringify(event)}\n`);
  return { show, finish: show, [Symbol.dispose]: () => undefined };
}
