import path from 'node:path';
import { Engine } from '../harness/engine.ts';
import { loadBusybox } from './busybox.ts';
import { compare, type Findings } from './report.ts';
import { inTurns } from './statistics.ts';
import { timedCommand } from './timed-command.ts';

const berth = path.join(import.meta.dirname, '../../bin/berth');
const rounds = 40;

/** Whole commands, from the shell's point of view. */
export async function measureCommand(): Promise<Findings> {
  await using engine = await Engine.start();
  await loadBusybox(engine);
  const { env } = engine.command([]);
  const whole = (argv: readonly string[]) => async () => await timedCommand(argv, env);
  const each = new Map([
    ['berth ps', whole([berth, 'ps'])],
    ['berth run --rm busybox true', whole([berth, 'run', '--rm', 'busybox', 'true'])],
    ['berth --version', whole([berth, '--version'])],
    ['node with an empty program', whole([process.execPath, '-e', '0'])],
    ['sh with an empty program', whole(['/bin/sh', '-c', ':'])],
  ]);
  await inTurns(each, 3);
  const samples = await inTurns(each, rounds);
  return { rows: compare('whole commands', samples, { unit: 'ms', aim: 45 }), notes: [] };
}
