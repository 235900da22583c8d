import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { asError, isKind } from '@berth/model/error';
import { backgroundContext } from '@berth/model/context';
import { ContainerCgroup } from '@berth/runtime/cgroup/container-cgroup';
import { cgroupFolders } from '@berth/runtime/cgroup/layout';
import { readJournal } from '@berth/runtime/handler/read-journal';
import { ShimConnection } from '@berth/runtime/shim/connection';
import type { ContainerBackend } from './backend.ts';
import type { ContainerEntry } from './entry.ts';
import { cleanUpRun } from './clean-up.ts';
import { endContainer } from './exit.ts';
import { cleanUpOrphan } from './orphan.ts';
import { foldersOf } from './places.ts';
import { removeLocked } from './remove.ts';
import { taskOf } from './task-of.ts';

/**
 * Finds again, after a restart of the daemon, what went on without it: shims that live are taken over, ends that
 * happened meanwhile are read from the journals and told once, and what belongs to no record is removed.
 */
export async function recoverContainers(backend: ContainerBackend): Promise<void> {
  const entries = backend.registry.list();
  await Promise.all(entries.map((entry) => attempt(backend, entry.id, () => recoverContainer(backend, entry))));
  await sweepOrphans(backend, entries);
}

/** One broken container must not keep the engine from the others. */
async function attempt({ log }: ContainerBackend, id: string, action: () => Promise<void>): Promise<void> {
  try {
    await action();
  } catch (error) {
    log.error('a container could not be recovered', { id, error: asError(error).message });
  }
}

async function recoverContainer(backend: ContainerBackend, entry: ContainerEntry): Promise<void> {
  if (await isHalfRemoved(backend, entry)) {
    await removeLocked(backend, backgroundContext(backend.log, entry.namespace), entry);
    return;
  }
  const journal = await readJournal(foldersOf(backend, entry.id).journal);
  const start = journal.find((event) => event.event === 'start' && event.process === 0);
  const isTold = entry.state.status === 'exited' && entry.state.startedAt === String(start?.at ?? '');
  if (start === undefined || isTold) {
    await settleEnded(backend, entry, start !== undefined || journal.length > 0);
    return;
  }
  const task = taskOf(backend, entry);
  const pid = start.event === 'start' ? start.pid : 0;
  const status = entry.state.status === 'paused' ? 'paused' : 'running';
  entry.changeState({ status, pid, startedAt: String(start.at), finishedAt: '0', error: '', exitCode: 0 });
  entry.task = task;
  backend.registry.save(entry);
  await task.adopt();
  await task.supervise();
}

/** Its end came before, and its snapshot is the first thing that a removal takes: a crash cut the rest off. */
async function isHalfRemoved(backend: ContainerBackend, entry: ContainerEntry): Promise<boolean> {
  if (entry.snapshotKey === '') return false;
  try {
    await backend.snapshots.stat(backgroundContext(backend.log, entry.namespace), entry.snapshotKey);
    return false;
  } catch (error) {
    if (isKind(error, 'not_found')) return true;
    throw error;
  }
}

/** No process: the container never ran, its end is on record, or the machine was restarted under it. */
async function settleEnded(backend: ContainerBackend, entry: ContainerEntry, hasTraces: boolean): Promise<void> {
  if (entry.isRunning) {
    await endContainer(backend, entry, {
      exitCode: 255,
      error: 'the machine was restarted, and the exit code with it is lost',
      finishedAt: BigInt(Date.now()) * 1_000_000n,
    });
    return;
  }
  if (hasTraces || entry.state.status === 'created') await cleanUpRun(backend, entry);
  const wasToGo = entry.record.config.autoRemove === true && entry.state.status === 'exited';
  if (wasToGo) await removeLocked(backend, backgroundContext(backend.log, entry.namespace), entry);
}

/** Run folders without a record are what is left of a remove or a create that a crash cut off. */
async function sweepOrphans(backend: ContainerBackend, entries: readonly ContainerEntry[]): Promise<void> {
  const known = new Set(entries.map((entry) => path.basename(foldersOf(backend, entry.id).run)));
  const folder = path.join(backend.run, 'c');
  for (const name of await namesIn(folder)) {
    if (!known.has(name)) await attempt(backend, name, () => removeOrphan(backend, path.join(folder, name)));
  }
  const kept = new Set(entries.map((entry) => entry.id));
  const root = path.join(backend.root, 'containers');
  for (const id of await namesIn(root))
    if (!kept.has(id)) await attempt(backend, id, () => rm(path.join(root, id), { recursive: true, force: true }));
}

async function removeOrphan(backend: ContainerBackend, run: string): Promise<void> {
  backend.log.warn('removing what is left of an unknown container', { folder: run });
  await killOrphan(path.join(run, 'shim.sock'));
  await cleanUpOrphan(backend, run);
  await removeOrphanCgroups(backend, path.basename(run));
  await rm(run, { recursive: true, force: true });
}

async function killOrphan(socket: string): Promise<void> {
  try {
    await using shim = await ShimConnection.connect(socket);
    await shim.signal(0, 9);
    await shim.closed;
  } catch (error) {
    if (!isKind(error, 'unavailable') && !isKind(error, 'failed_precondition')) throw error;
  }
}

/** A run folder is named by the first half of the id, the cgroup by the whole. */
async function removeOrphanCgroups(backend: ContainerBackend, prefix: string): Promise<void> {
  const folders = cgroupFolders(backend.cgroups, backend.cgroupParent);
  const names = new Set((await Promise.all(folders.map(namesIn))).flat().filter((name) => name.startsWith(prefix)));
  for (const name of names) {
    const cgroup = new ContainerCgroup(backend.cgroups, `${backend.cgroupParent}/${name}`);
    await cgroup.killAll();
    await cgroup.remove();
  }
}

async function namesIn(folder: string): Promise<string[]> {
  return await readdir(folder).catch(() => []);
}
