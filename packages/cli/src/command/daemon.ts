import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { BerthError, isKind } from '@berth/model/error';
import { type BerthClient, connectBerth } from '@berth/sdk/client';
import type { Ping } from '@berth/wire/native/api';
import { argument, defineCommand } from '../command.ts';
import type { DaemonPlace } from '../daemon/place.ts';
import { print } from '../print/output.ts';

/** How long a daemon may take to end. */
const patience = 10_000;

export const command = defineCommand({
  usage: 'daemon start|stop|status',
  flags: {},
  arguments: { least: 1, most: 1 },
  async run({ args, place }) {
    // Not the call's own client: that one would start a daemon to stop it.
    const client = connectBerth({ socket: place.socket });
    const action = argument(args, 0);
    if (action === 'start') return await start(client, place);
    if (action === 'stop') return await stop(client, place);
    if (action === 'status') return await status(client, place);
    throw new BerthError('invalid_argument', `unknown command: berth daemon ${action}`, { code: 'bad_arguments' });
  },
});

/** The daemon that answers, if one does. */
async function find(client: BerthClient): Promise<Ping | undefined> {
  try {
    return await client.ping();
  } catch (error) {
    if (isKind(error, 'unavailable')) return undefined;
    throw error;
  }
}

async function start(client: BerthClient, place: DaemonPlace): Promise<number> {
  const running = await find(client);
  if (running === undefined) {
    const { startDaemon } = await import('../daemon/ensure-daemon.ts');
    await startDaemon(place);
  }
  const { pid } = running ?? (await client.ping());
  print(`the daemon ${running === undefined ? 'started' : 'runs already'}: process ${pid}, ${place.socket}\n`);
  return 0;
}

async function stop(client: BerthClient, place: DaemonPlace): Promise<number> {
  const running = await find(client);
  if (running === undefined) {
    print(`no daemon runs on ${place.socket}\n`);
    return 0;
  }
  await client.shutdown();
  for (const deadline = Date.now() + patience; isAlive(running.pid); await sleep(10)) {
    if (Date.now() > deadline) {
      throw new BerthError(
        'deadline_exceeded',
        `the daemon (process ${running.pid}) has not ended after ${patience / 1000} seconds`,
      );
    }
  }
  print(`the daemon stopped; containers go on\n`);
  return 0;
}

/** One that has ended stays in the table until it is reaped: some machines' first process takes seconds for that. */
function isAlive(pid: number): boolean {
  try {
    // proc_pid_stat(5): the state stands behind the name, which is in brackets and may hold anything.
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return !/^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2));
  } catch {
    return false;
  }
}

async function status(client: BerthClient, place: DaemonPlace): Promise<number> {
  const running = await find(client);
  if (running === undefined) {
    print(`no daemon runs on ${place.socket}\n`);
    return 3;
  }
  const { version, pid, root, run } = running;
  print(`the daemon runs: version ${version}, process ${pid}, socket ${place.socket}, root ${root}, run ${run}\n`);
  return 0;
}
