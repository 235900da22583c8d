import { mkdir, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { backgroundContext, type CallContext, type Log, withLease } from '@berth/model/context';
import { BerthError, errnoName, isKind } from '@berth/model/error';
import { isMountPoint, mountOnHost, unmountFromHost } from '@berth/runtime/launch/host-mount';
import { resolveBelow } from '@berth/runtime/launch/resolve-below';
import type { MetadataStore } from '#store/metadata';
import type { SnapshotStore } from '#store/snapshot';
import type { ImageService, ReadyImage } from '#service/image/contract';
import { SerialLock } from '../../container/serial-lock.ts';
import type { ImageVolume, ImageVolumeRequest, ImageVolumes } from './contract.ts';

export interface ImageVolumeParts {
  readonly images: ImageService;
  readonly snapshots: SnapshotStore;
  readonly metadata: MetadataStore;
  /** The engine's run folder. */
  readonly run: string;
  readonly log: Log;
}

/** A lease keeps a pod's volumes; its name is how they are found after a reboot, when no mount tells of them. */
const leasePrefix = 'image-volumes-';

/** As `ImageVolumes`. A lease is recorded before anything is mounted, and goes after it. */
export function createImageVolumes(parts: ImageVolumeParts): ImageVolumes {
  const root = path.join(parts.run, 'image-volumes');
  const locks = new Map<string, SerialLock>();
  const inTurn = <T>(podId: string, work: () => Promise<T>): Promise<T> => {
    const lock = locks.get(podId) ?? new SerialLock();
    locks.set(podId, lock);
    return lock.run(work);
  };
  const release = (context: CallContext, podId: string) =>
    inTurn(podId, () => releaseAll(parts, context, { podId, folder: path.join(root, podId) })).finally(() =>
      locks.delete(podId),
    );
  return {
    mount: (context, request) =>
      inTurn(request.podId, () => mountOne(parts, context, { request, folder: path.join(root, request.podId) })),
    release,
    async sweep(isKnown) {
      for (const { namespace, podId } of leasedPods(parts.metadata)) {
        if (!isKnown(podId)) await release(backgroundContext(parts.log, namespace), podId);
      }
    },
  };
}

interface Place {
  readonly request: ImageVolumeRequest;
  /** Of all volumes of the pod. */
  readonly folder: string;
}

async function mountOne(parts: ImageVolumeParts, context: CallContext, place: Place): Promise<ImageVolume> {
  const { podId, image: ref, subPath, field } = place.request;
  const image = await parts.images.ready(context, ref);
  const { digest } = image.target;
  const target = path.join(place.folder, digest.replace(':', '-'));
  if (!isMountPoint(target)) {
    await keep(parts.metadata, context, podId);
    await mountImage(parts, withLease(context, leasePrefix + podId), { ...place, image, target });
  }
  return { path: subPath === '' ? target : below(target, subPath, field), digest };
}

async function mountImage(
  { snapshots }: ImageVolumeParts,
  context: CallContext,
  { request, folder, image, target }: Place & { readonly image: ReadyImage; readonly target: string },
): Promise<void> {
  const key = `volume-${request.podId}-${path.basename(target)}`;
  try {
    await snapshots.view(context, key, image.chainId);
  } catch (error) {
    // Of a mount that a crash or a failure has interrupted.
    if (!isKind(error, 'already_exists')) throw error;
  }
  await mkdir(folder, { recursive: true, mode: 0o700 });
  mountOnHost(await snapshots.mounts(context, key), target, request.maps);
}

async function releaseAll(
  { metadata }: ImageVolumeParts,
  { namespace }: CallContext,
  { podId, folder }: { readonly podId: string; readonly folder: string },
): Promise<void> {
  for (const name of await namesIn(folder)) unmountFromHost(path.join(folder, name));
  await rm(folder, { recursive: true, force: true });
  const lease = leasePrefix + podId;
  if (metadata.read((tx) => tx.leases.get(namespace, lease)) === undefined) return;
  // The snapshots go with the next collection: nothing else holds them.
  await metadata.write((tx) => tx.leases.delete(namespace, lease));
}

async function keep(metadata: MetadataStore, { namespace }: CallContext, podId: string): Promise<void> {
  const id = leasePrefix + podId;
  if (metadata.read((tx) => tx.leases.get(namespace, id)) !== undefined) return;
  await metadata.write((tx) => tx.leases.create({ namespace, id, labels: {} }));
}

function leasedPods(metadata: MetadataStore): { namespace: string; podId: string }[] {
  const leases = metadata.read((tx) => tx.namespaces.list().flatMap(({ name }) => tx.leases.list(name)));
  return leases
    .filter(({ id }) => id.startsWith(leasePrefix))
    .map(({ namespace, id }) => ({ namespace, podId: id.slice(leasePrefix.length) }));
}

function below(target: string, subPath: string, field: string): string {
  const found = path.isAbsolute(subPath) ? undefined : resolveBelow(target, subPath);
  if (found !== undefined) return found;
  throw new BerthError('invalid_argument', `${field}.image_sub_path: the image has no ${subPath}`, {
    code: 'bad_sub_path',
    hint: 'it is relative to the root of the image',
  });
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (errnoName(error) === 'ENOENT') return [];
    throw error;
  }
}
