import { asError } from '@berth/model/error';
import { backgroundContext } from '@berth/model/context';
import type { Exit } from '@berth/runtime/shim/message';
import type { ContainerBackend } from './backend.ts';
import type { ContainerEntry } from './entry.ts';
import { cgroupOf } from './places.ts';
import { cleanUpRun } from './clean-up.ts';
import { publish } from './publish.ts';
import { removeLocked } from './remove.ts';
import type { Task } from './task.ts';

/** How long the shim may take to hand its last output to slow clients before we go on, ms. */
const shimPatience = 5_000;

/** A process of the container ended: the first one ends the container, others are execs. */
export async function containerExited(backend: ContainerBackend, entry: ContainerEntry, exit: Exit): Promise<void> {
  if (exit.process !== 0) {
    entry.tellExecExit(exit);
    return;
  }
  await endContainer(backend, entry, {
    exitCode: exit.code,
    error: '',
    finishedAt: exit.at,
  });
}

/** The shim is gone without a word of the process: it was killed. Nobody can know the exit code. */
export async function containerLost(backend: ContainerBackend, entry: ContainerEntry): Promise<void> {
  backend.log.error('the shim of a container is gone', { id: entry.id });
  await endContainer(backend, entry, {
    exitCode: 255,
    error: 'the shim that watched the container is gone, and with it the exit code',
    finishedAt: BigInt(Date.now()) * 1_000_000n,
  });
}

interface End {
  readonly exitCode: number;
  readonly error: string;
  /** Nanoseconds since 1970. */
  readonly finishedAt: bigint;
}

/** Writes down the end, tells it, then cleans up behind it; start and remove wait for the cleaning. */
export async function endContainer(backend: ContainerBackend, entry: ContainerEntry, end: End): Promise<void> {
  const { task } = entry;
  // Before the cgroup goes; once removed, nobody can tell.
  const oomKilled = await wasOomKilled(backend, entry);
  const { exitCode, error } = end;
  entry.changeState({ status: 'exited', pid: 0, exitCode, oomKilled, error, finishedAt: String(end.finishedAt) });
  entry.task = undefined;
  const cleaned = entry.lock.run(() => cleanUp(backend, entry, task));
  if (oomKilled) publish(backend, entry, 'oom');
  publish(backend, entry, 'die', { exitCode: String(exitCode) });
  backend.registry.save(entry);
  entry.tellExit();
  await cleaned;
}

async function wasOomKilled(backend: ContainerBackend, entry: ContainerEntry): Promise<boolean> {
  try {
    return (await cgroupOf(backend, entry).oomKills()) > 0;
  } catch {
    // No cgroup, no kills: it was removed behind our back, or the machine has no memory controller.
    return false;
  }
}

async function cleanUp(backend: ContainerBackend, entry: ContainerEntry, task: Task | undefined): Promise<void> {
  try {
    await cleanUpRun(backend, entry);
    const patience = new Promise((resolve) => setTimeout(resolve, shimPatience).unref());
    await Promise.race([task?.ended(), patience]);
    if (entry.record.config.autoRemove === true && !entry.removed) {
      await removeLocked(backend, backgroundContext(backend.log, entry.namespace), entry);
    }
  } catch (error) {
    backend.log.error('cleaning up after a container failed', { id: entry.id, error: asError(error).message });
  }
}
