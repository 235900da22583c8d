import { mkdir, rm } from 'node:fs/promises';
import { type CallContext, withLease } from '@berth/model/context';
import { isKind } from '@berth/model/error';
import type { RuntimeHandler } from '@berth/runtime/handler/contract';
import type { Digest } from '@berth/model/digest';
import type { SnapshotDraft } from '#store/snapshot';
import type { ReadyImage } from '#service/image/contract';
import type { ContainerBackend } from './backend.ts';
import type { ContainerRecord, ContainerState } from './contract.ts';
import { ContainerEntry } from './entry.ts';
import { foldersOf, placeOfEntry, rootMounts } from './places.ts';
import { publish } from './publish.ts';
import { StartRecordFile } from './start-record.ts';

/** A text file of the image, empty when it has none. */
export type ReadText = (file: string) => string;

/** What a door has decided of a container. */
export type MadeContainer = Pick<ContainerRecord, 'config' | 'spec' | 'stopSignal' | 'pod'>;

export interface NewContainer {
  readonly id: string;
  readonly name: string;
  /** Absent: `spec.root.path` is a folder that is used as it is. */
  readonly image?: ReadyImage | undefined;
  readonly runtime: RuntimeHandler;
  /** Called when the snapshot and the folder for the container's files are there. */
  readonly make: (readText: ReadText) => Promise<MadeContainer>;
}

const unborn: ContainerState = {
  status: 'created',
  pid: 0,
  exitCode: 0,
  oomKilled: false,
  error: '',
  startedAt: '0',
  finishedAt: '0',
};

/** Makes a container's writable snapshot, its files and its record; all or nothing. Durable when it resolves. */
export async function addContainer(
  backend: ContainerBackend,
  context: CallContext,
  { id, name, image, runtime, make }: NewContainer,
): Promise<ContainerEntry> {
  backend.registry.checkName(context.namespace, name);
  await using lease = await backend.leases.create(context.namespace);
  const leased = withLease(context, lease.id);
  const folders = foldersOf(backend, id);
  try {
    await mkdir(folders.root, { recursive: true, mode: 0o711 });
    const snapshotKey = image === undefined ? '' : id;
    await using draft = image === undefined ? undefined : await backend.snapshots.draft(leased, id, image.chainId);
    const made = await make(await textReader(backend, leased, image?.chainId ?? ''));
    const from = { ref: image?.name ?? '', target: image?.target.digest ?? ('' as const) };
    const record: ContainerRecord = { ...made, image: from, runtime: runtime.name, state: unborn };
    const view = { namespace: context.namespace, id, name, createdAt: Date.now(), snapshotKey, ...record };
    const entry = new ContainerEntry(view, new StartRecordFile(folders.plan));
    // What cannot be compiled cannot be started: say so now.
    const mounts = draft === undefined ? [] : rootMounts(draft.mount);
    await runtime.validate(placeOfEntry(backend, entry), { rootMounts: mounts });
    await keepBoth(backend, { entry, target: from.target, draft });
    publish(backend, entry, 'create');
    return entry;
  } catch (error) {
    await undo(backend, leased, id);
    throw error;
  }
}

interface Recording {
  readonly entry: ContainerEntry;
  readonly target: Digest | '';
  readonly draft: SnapshotDraft | undefined;
}

/** The snapshot's row and the container's in one turn, so that one sync to the disk serves both. */
async function keepBoth(backend: ContainerBackend, { entry, target, draft }: Recording): Promise<void> {
  const [kept, added] = await Promise.allSettled([draft?.keep(), backend.registry.add(entry, target)]);
  if (added.status === 'rejected') throw added.reason;
  if (kept.status === 'fulfilled') return;
  await backend.registry.delete(entry);
  throw kept.reason;
}

/** Files of an image's layers, by their chain id. */
async function textReader(backend: ContainerBackend, context: CallContext, chain: string): Promise<ReadText> {
  if (chain === '') return () => '';
  const layers = await backend.snapshots.layers(context, chain);
  return (file) => Buffer.from(backend.readFile(layers, file) ?? []).toString('utf8');
}

async function undo(backend: ContainerBackend, context: CallContext, id: string): Promise<void> {
  await backend.snapshots.remove(context, id).catch((error: unknown) => {
    if (!isKind(error, 'not_found')) backend.log.error('a snapshot could not be removed', { id, error: String(error) });
  });
  await rm(foldersOf(backend, id).root, { recursive: true, force: true });
}
