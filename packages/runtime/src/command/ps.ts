import { spawnSync } from 'node:child_process';
import { writeSync } from 'node:fs';
import { BerthError } from '@berth/model/error';
import { containerPids } from '../launch/members.ts';
import { loadContainer } from '../state/container.ts';
import type { Invocation } from './verb.ts';
import type { FlagsOf } from './verb-flags.ts';

export async function run({ globals, flags, args }: Invocation<FlagsOf<'ps'>>): Promise<number> {
  if (flags.format !== 'table' && flags.format !== 'json') {
    throw new BerthError('invalid_argument', `invalid format option: ${flags.format}`, { code: 'bad_flag' });
  }
  const [id, ...psArgs] = args;
  const { record, status } = loadContainer(globals.root, id!);
  const pids = status === 'stopped' ? [] : await containerPids(record);
  if (flags.format === 'json') writeSync(1, `${JSON.stringify(pids)}\n`);
  else writeSync(1, rowsOf(pids, psArgs.length === 0 ? ['-ef'] : psArgs));
  return 0;
}

/** The rows of the machine's `ps` that are about these processes. */
function rowsOf(pids: readonly number[], args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync('ps', args, { encoding: 'utf8', maxBuffer: 64 << 20 });
  if (error !== undefined || status !== 0) {
    throw new BerthError('failed_precondition', `ps ${args.join(' ')}: ${error?.message ?? stderr.trim()}`, {
      code: 'ps_failed',
      cause: error,
    });
  }
  const [title = '', ...lines] = stdout.split('\n');
  const column = title.split(/\s+/).filter(Boolean).indexOf('PID');
  if (column < 0) throw new BerthError('invalid_argument', `ps ${args.join(' ')} shows no PID column`);
  const wanted = new Set(pids.map(String));
  const rows = lines.filter((line) => wanted.has(line.trim().split(/\s+/)[column] ?? ''));
  return `${[title, ...rows].join('\n')}\n`;
}
