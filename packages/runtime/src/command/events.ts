import { writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { BerthError } from '@berth/model/error';
import { cgroupOf } from '../launch/members.ts';
import { loadContainer } from '../state/container.ts';
import { durationOf } from './duration.ts';
import { statsOf } from './event-stats.ts';
import type { Invocation } from './verb.ts';
import type { FlagsOf } from './verb-flags.ts';

/** How often the kernel's count of out-of-memory kills is looked at, milliseconds. */
const watchInterval = 250;

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
  const cgroup = cgroupOf(record, 'watch');
  const tellStats = async () => tell({ type: 'stats', id, data: statsOf(await cgroup.stats()) });
  if (flags.stats) {
    await tellStats();
    return 0;
  }
  let kills = await cgroup.oomKills();
  for (let next = Date.now() + interval; isThere(globals.root, id);) {
    await sleep(Math.min(watchInterval, Math.max(next - Date.now(), 1)));
    const now = await cgroup.oomKills();
    // A cgroup that is gone has none.
    for (; kills < now; kills += 1) tell({ type: 'oom', id });
    if (Date.now() < next || !isThere(globals.root, id)) continue;
    await tellStats();
    next = Date.now() + interval;
  }
  return 0;
}

function isThere(root: string, id: string): boolean {
  try {
    return loadContainer(root, id).status !== 'stopped';
  } catch (error) {
    if (error instanceof BerthError && error.kind === 'not_found') return false;
    throw error;
  }
}

function tell(event: object): void {
  writeSync(1, `${JSON.stringify(event)}\n`);
}
