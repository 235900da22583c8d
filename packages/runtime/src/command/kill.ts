import { constants } from 'node:os';
import { close } from '@berth/addon/file';
import { pidfdOpen, pidfdSendSignal } from '@berth/addon/process';
import { BerthError, tolerate } from '@berth/model/error';
import { signalNumber } from '@berth/model/signal';
import { killAll, ownCgroup } from '../launch/members.ts';
import { loadContainer, type Container } from '../state/container.ts';
import { lockFolder } from '../state/lock.ts';
import { isAlive, type ProcessIdentity } from '../state/process-identity.ts';
import { readSpec } from '../state/record.ts';
import type { Invocation } from './verb.ts';
import type { FlagsOf } from './verb-flags.ts';

const { SIGKILL, SIGHUP, SIGINT, SIGQUIT, SIGTERM } = constants.signals;

export async function run({ globals, flags, args }: Invocation<FlagsOf<'kill'>>): Promise<number> {
  const [id, name = 'SIGTERM'] = args as [string, string?];
  // 0 asks whether it is there, kill(2).
  const signal = name.trim() === '0' ? 0 : signalNumber(name);
  const { folder } = loadContainer(globals.root, id);
  using _lock = await lockFolder(folder, id);
  const container = loadContainer(globals.root, id);
  if (flags.all) return await signalAll(container, signal);
  if (container.status === 'stopped' || container.status === 'creating') {
    throw new BerthError('failed_precondition', `container not running: ${id}`, { code: 'container_not_running' });
  }
  await signalFirst(container, signal);
  return 0;
}

async function signalFirst({ folder, record, status }: Container, signal: number): Promise<void> {
  if (signal === SIGKILL && !hasOwnPids(folder)) {
    // Nothing takes its children along: the first process is not the init of a pid namespace.
    await killAll(record);
  }
  send(record, signal);
  // On v1 what is frozen does not die; on v2 there is nothing left to thaw.
  if (signal === SIGKILL && status === 'paused') await ownCgroup(record)?.thaw();
  // The kernel keeps a signal without a handler from the init of a pid namespace: a container that waits for its
  // start would live on, and nothing of the user's runs in it yet.
  const ends = [SIGHUP, SIGINT, SIGQUIT, SIGTERM].includes(signal);
  if (status === 'created' && ends) send(record, SIGKILL);
}

/** All processes of its cgroup; none is no error. */
async function signalAll({ record }: Container, signal: number): Promise<number> {
  const cgroup = ownCgroup(record);
  if (cgroup === undefined) send(record, signal);
  else if (signal === SIGKILL) await cgroup.killAll();
  else await cgroup.signalAll(signal);
  return 0;
}

/** Through a pidfd, made before the last look at who has the number: nobody else can get the signal. */
function send(identity: ProcessIdentity, signal: number): void {
  let pidfd: number | undefined;
  tolerate(['ESRCH'], () => (pidfd = pidfdOpen(identity.pid)));
  if (pidfd === undefined) return;
  try {
    if (isAlive(identity)) pidfdSendSignal(pidfd, signal);
  } finally {
    close(pidfd);
  }
}

function hasOwnPids(folder: string): boolean {
  const pid = readSpec(folder).linux.namespaces.find(({ type }) => type === 'pid');
  return pid !== undefined && (pid.path === undefined || pid.path === '');
}
