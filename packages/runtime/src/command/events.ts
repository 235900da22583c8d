import { writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { BerthError } from '@berth/model/error';
import type { ContainerCgroup } from '../cgroup/container-cgroup.ts';
import { eventLine } from '../cgroup/event-stats.ts';
import { cgroupOf } from '../launch/members.ts';
import { loadContainer } from '../state/container.ts';
import { durationOf } from './duration.ts';
import { statsOf } from './event-stats.ts';
import type { Invocation } from './verb.ts';
import type { FlagsOf } from './verb-flags.ts';

/** How often it is looked whether the container is still there, milliseconds. */
const lookInterval = 250;

export async function run({ globals, flags, args }: Invocation<FlagsOf<'events'>>): Promise<number> {
  const id = args[0]!;
  const interval = durationOf(flags.interval);
  if (interval <= 0) throw new BerthError('invalid_argument', 'duration interval must be greater than 0');
  const { record, status } = loadContainer(globals.root, id);
  if (status === 'stopped') {
    throw new BerthError('failed_precondition', `container with id ${id} is not running`, {
      code: 'container_not_running',
    });
  }
  const tellStats = async () => tell('stats', id, await statsOf(record));
  if (flags.stats) {
    await tellStats();
    return 0;
  }
  const end = new AbortController();
  const watching = tellKills(cgroupOf(record, 'watch'), id, end.signal);
  for (let next = Date.now() + interval; isThere(globals.root, id);) {
    await sleep(Math.min(lookInterval, Math.max(next - Date.now(), 1)));
    if (Date.now() < next || !isThere(globals.root, id)) continue;
    await tellStats();
    next = Date.now() + interval;
  }
  end.abort();
  await watching;
  return 0;
}

/** One line for each process that the kernel kills for want of memory, until the signal. */
async function tellKills(cgroup: ContainerCgroup, id: string, signal: AbortSignal): Promise<void> {
  let told = await cgroup.oomKills();
  for await (const kills of cgroup.watchOom(signal)) for (; told < kills; told += 1) tell('oom', id);
}

function isThere(root: string, id: string): boolean {
  try {
    return loadContainer(root, id).status !== 'stopped';
  } catch (error) {
    if (error instanceof BerthError && error.kind === 'not_found') return false;
    throw error;
  }
}

function tell(type: string, id: string, data?: object): void {
  writeSync(1, `${eventLine(type, id, data)}\n`);
}
