import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '@berth/model/context';
import { BerthError, isKind, tolerate } from '@berth/model/error';
import { removeFolder } from '../state/container-folder.ts';
import { isAlive } from '../state/process-identity.ts';
import { readSpec, type StateRecord } from '../state/record.ts';
import { endCacheShare } from './cache-share.ts';
import { runLateHooks } from './host-hook.ts';
import { killAll, ownCgroup } from './members.ts';
import { endScope } from './scope.ts';

/** A process in an uninterruptible call takes its time even after SIGKILL. */
const patience = 10_000;

/** Ends the container's processes, frozen or not. @throws deadline_exceeded after ten seconds */
export async function killAndWait(record: StateRecord): Promise<void> {
  if (isAlive(record)) tolerate(['ESRCH'], () => process.kill(record.pid, 'SIGKILL'));
  // Also what a first process without a pid namespace of its own has left, and thaws what is frozen.
  await killAll(record);
  const deadline = Date.now() + patience;
  for (let pause = 1; isAlive(record); pause = Math.min(pause * 2, 50)) {
    if (Date.now() > deadline) {
      throw new BerthError('deadline_exceeded', `container ${record.id} is still there after SIGKILL`, {
        code: 'kill_timeout',
      });
    }
    await sleep(pause);
  }
}

export interface Destruction {
  readonly record: StateRecord;
  readonly log: Log;
}

/** Takes away all that a container without a process holds: cgroups, share of caches, poststop hooks, folder, in that order. */
export async function destroy(folder: string, { record, log }: Destruction): Promise<void> {
  await killAll(record);
  await endScope(record);
  await ownCgroup(record)?.remove();
  await endCacheShare(record);
  await poststop(folder, { record, log });
  removeFolder(folder);
}

async function poststop(folder: string, { record, log }: Destruction): Promise<void> {
  try {
    const { id, bundle, rootfs } = record;
    const context = { id, bundle, rootfs, spec: readSpec(folder), log };
    await runLateHooks(context, 'poststop', { status: 'stopped', pid: 0 });
  } catch (error) {
    // A create that ended before it wrote the spec has run no other hook either.
    if (!isKind(error, 'not_found')) throw error;
  }
}
