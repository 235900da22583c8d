import { writeSync } from 'node:fs';
import { loadContainer } from '../state/container.ts';
import { summarize } from '../state/summary.ts';
import type { Invocation } from './verb.ts';

export function run({ globals, args }: Invocation): number {
  const summary = summarize(loadContainer(globals.root, args[0]!));
  writeSync(1, `${JSON.stringify(summary, null, 2)}\n`);
  return 0;
}
