import { rmSync } from 'node:fs';
import type { CallContext } from '@berth/model/context';
import { BerthError, isKind } from '@berth/model/error';
import type { ContainerBackend } from './backend.ts';
import type { ContainerEntry } from './entry.ts';
import { cleanUpRun } from './clean-up.ts';
import { foldersOf } from './places.ts';
import { publish } from './publish.ts';
import { StopLoop } from './stop.ts';

const SIGKILL = 9;

interface Removal {
  readonly entry: ContainerEntry;
  readonly force: boolean;
}

/** @throws failed_precondition (`still_running`) unless forced */
export async function removeContainer(
  backend: ContainerBackend,
  context: CallContext,
  { entry, force }: Removal,
): Promise<void> {
  if (entry.isRunning) {
    if (!force) throw stillRunning(entry);
    await StopLoop.run(entry, { signal: SIGKILL, timeout: 0 }, backend.log);
  }
  const isOver = await entry.lock.run(async () => {
    // Without a task nobody can end it.
    if (entry.isRunning && entry.task === undefined) throw stillRunning(entry);
    if (entry.isRunning) return false;
    if (!entry.removed) await removeLocked(backend, context, entry);
    return true;
  });
  // It was started before we had the lock.
  if (!isOver) await removeContainer(backend, context, { entry, force });
}

/** Removes a container that does not run; the caller holds its lock. Each step may have been done before a crash. */
export async function removeLocked(
  backend: ContainerBackend,
  context: CallContext,
  entry: ContainerEntry,
): Promise<void> {
  const folders = foldersOf(backend, entry.id);
  await entry.startRecord.drop();
  await cleanUpRun(backend, entry);
  // A handful of files each: through the thread pool they would take five times as long.
  for (const folder of [folders.run, folders.root]) rmSync(folder, { recursive: true, force: true });
  // In one turn, so that both share one sync to the disk; the record is the last that goes.
  await Promise.all([removeSnapshot(backend, context, entry.snapshotKey), backend.registry.delete(entry)]);
  publish(backend, entry, 'destroy');
  entry.tellRemoved();
}

async function removeSnapshot(backend: ContainerBackend, context: CallContext, key: string): Promise<void> {
  if (key === '') return;
  try {
    await backend.snapshots.remove(context, key);
  } catch (error) {
    if (!isKind(error, 'not_found')) throw error;
  }
}

function stillRunning(entry: ContainerEntry): BerthError {
  return new BerthError('failed_precondition', `container ${entry.name} is ${entry.state.status}`, {
    code: 'still_running',
    hint: `stop it first (berth stop ${entry.name}), or remove it with --force`,
  });
}
