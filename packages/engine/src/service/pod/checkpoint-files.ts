import { lstatSync, readdirSync } from 'node:fs';
import { copyFile, open, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { CallContext } from '@berth/model/context';
import { errnoName, isKind } from '@berth/model/error';
import type { RuntimeSpec } from '@berth/model/runtime-spec';
import { plainInteger } from '@berth/runtime/handler/command/bundle';
import type { ContainerBackend } from '../container/backend.ts';
import type { ContainerEntry } from '../container/entry.ts';
import { treeArchive } from '../container/export.ts';
import { ownRuntime } from '../container/places.ts';
import { partOf } from './views.ts';

interface Place {
  readonly container: ContainerEntry;
  readonly folder: string;
}

/** What stands in a checkpoint besides the images of criu, by the names that checkpointctl and CRI-O's restore know. */
export async function writeCheckpointFiles(
  backend: ContainerBackend,
  context: CallContext,
  { container, folder }: Place,
): Promise<void> {
  const text = (value: unknown): string => `${JSON.stringify(value, plainInteger, 2)}\n`;
  const { spec } = container.record;
  await writeFile(path.join(folder, 'config.dump'), text(configDump(container)), { mode: 0o600 });
  await writeFile(path.join(folder, 'spec.dump'), text(withPodNames(container, spec)), { mode: 0o600 });
  await copyLog(partOf(container).logPath, path.join(folder, 'container.log'));
  await writeRootChanges(backend, context, { container, folder });
}

/** checkpointctl's `ContainerConfig`. */
function configDump({ id, name, createdAt, record }: ContainerEntry) {
  const { image } = record.pod?.container?.config ?? {};
  return {
    id,
    name,
    rootfsImage: image?.userSpecified || image?.image,
    rootfsImageName: image?.userSpecified || image?.image,
    rootfsImageRef: record.pod?.container?.imageRef,
    runtime: record.runtime ?? ownRuntime,
    createdTime: new Date(createdAt).toISOString(),
    checkpointedTime: new Date().toISOString(),
    restoredTime: '0001-01-01T00:00:00Z',
    restored: false,
  };
}

/** Readers of checkpoints find the pod by containerd's annotations. */
function withPodNames({ id, record }: ContainerEntry, spec: RuntimeSpec): RuntimeSpec {
  const { podId = '', container } = record.pod ?? {};
  const annotations = {
    'io.kubernetes.cri.container-type': 'container',
    'io.kubernetes.cri.container-name': container?.config.metadata.name ?? id,
    'io.kubernetes.cri.sandbox-id': podId,
    ...spec.annotations,
  };
  return { ...spec, annotations };
}

/** The container writes on: what is there now. */
async function copyLog(from: string, to: string): Promise<void> {
  if (from === '') return;
  await copyFile(from, to).catch((error: unknown) => {
    if (errnoName(error) !== 'ENOENT') throw error;
  });
}

/** The files that the container has written, and the names of those that it has deleted. */
async function writeRootChanges(
  backend: ContainerBackend,
  context: CallContext,
  { container, folder }: Place,
): Promise<void> {
  const [own] = await backend.snapshots.layers(context, container.snapshotKey).catch((error: unknown) => {
    // A root that is no snapshot has no layer of its own.
    if (isKind(error, 'not_found')) return [];
    throw error;
  });
  if (own === undefined) return;
  await using file = await open(path.join(folder, 'rootfs-diff.tar'), 'wx', 0o600);
  for await (const piece of treeArchive(backend.walk([own]), context.signal)) await file.write(piece);
  const deleted = [...deletedNames(own)];
  if (deleted.length > 0) await writeFile(path.join(folder, 'deleted.files'), JSON.stringify(deleted), { mode: 0o600 });
}

/** overlayfs.rst: a deleted name is a character device 0:0. */
function* deletedNames(layer: string, prefix = ''): Generator<string> {
  for (const entry of readdirSync(path.join(layer, prefix), { withFileTypes: true })) {
    const name = path.join(prefix, entry.name);
    if (entry.isDirectory()) yield* deletedNames(layer, name);
    else if (entry.isCharacterDevice() && lstatSync(path.join(layer, name)).rdev === 0) yield name;
  }
}
