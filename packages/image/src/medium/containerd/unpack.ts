import { randomBytes } from 'node:crypto';
import type { Digest } from '@berth/model/digest';
import { BerthError, isKind } from '@berth/model/error';
import type { Descriptor } from '@berth/model/manifest';
import { Diff } from '@berth/wire/gen/containerd/services/diff/v1/diff_pb';
import { Snapshots } from '@berth/wire/gen/containerd/services/snapshots/v1/snapshots_pb';
import type { Mount } from '@berth/wire/gen/containerd/types/mount_pb';
import type { Channel } from '../../grpc/channel.ts';
import { chainIds } from '../../layer/chain-id.ts';
import { addLabels, blobInfo } from './content.ts';
import { snapshotReferenceLabel, uncompressedLabel } from './labels.ts';
import type { CopyLease } from './lease.ts';
import { wireDescriptor } from './names.ts';

/** A layer as it is packed, and what it unpacks to. */
export interface StackedLayer {
  readonly descriptor: Descriptor;
  readonly diffId: Digest;
}

export interface UnpackOptions {
  readonly snapshotter: string;
  readonly lease: CopyLease;
  readonly signal: AbortSignal;
}

/**
 * Has containerd unpack layers, bottom first, each into a snapshot that is named by its chain id. Those that are there
 * are not unpacked again.
 * @returns the name of the top snapshot
 * @throws data_loss (`diff_id_mismatch`), what the snapshotter and the differ say
 */
export async function unpackLayers(
  channel: Channel,
  layers: readonly StackedLayer[],
  options: UnpackOptions,
): Promise<Digest | undefined> {
  const chain = chainIds(layers.map(({ diffId }) => diffId));
  let there = chain.length;
  while (there > 0 && !(await hasSnapshot(channel, chain[there - 1]!, options))) there--;
  for (let at = there; at < chain.length; at++) {
    const snapshot = { ...options, name: chain[at]!, parent: chain[at - 1] ?? '' };
    const { signal } = options;
    await fillSnapshot(channel, snapshot, (mounts) => applyLayer(channel, layers[at]!, { mounts, signal }));
  }
  for (const layer of layers) await labelLayer(channel, layer, options.signal);
  return chain.at(-1);
}

/** Clients know by it that the layer need not be unpacked to learn its diff id. */
async function labelLayer(channel: Channel, { descriptor, diffId }: StackedLayer, signal: AbortSignal): Promise<void> {
  const info = await blobInfo(channel, descriptor.digest, signal);
  if (info?.labels[uncompressedLabel] === diffId) return;
  await addLabels(channel, descriptor.digest, { [uncompressedLabel]: diffId }, signal);
}

export async function hasSnapshot(
  channel: Channel,
  name: Digest,
  { snapshotter, lease, signal }: UnpackOptions,
): Promise<boolean> {
  // Before it is looked for: it could go in between.
  await lease.keepSnapshot(snapshotter, name, signal);
  try {
    await channel.unary(Snapshots.method.stat, { snapshotter, key: name }, { signal });
    return true;
  } catch (error) {
    if (isKind(error, 'not_found')) return false;
    throw error;
  }
}

interface OneSnapshot extends UnpackOptions {
  /** Its chain id. */
  readonly name: Digest;
  /** The chain id below; empty for the lowest layer. */
  readonly parent: string;
}

/** Makes the snapshot `name` of what `fill` writes. It may be there afterwards because somebody else was first. */
export async function fillSnapshot(
  channel: Channel,
  options: OneSnapshot,
  fill: (mounts: Mount[]) => Promise<void>,
): Promise<void> {
  const { snapshotter, name, parent, lease, signal } = options;
  // As containerd's clients name them: what is left of a client that died is told by the first word.
  const key = `extract-berth-${randomBytes(6).toString('hex')} ${name}`;
  const call = { signal, metadata: lease.metadata };
  const labels = { [snapshotReferenceLabel]: name };
  try {
    const { mounts } = await channel.unary(Snapshots.method.prepare, { snapshotter, key, parent, labels }, call);
    await fill(mounts);
    await channel.unary(Snapshots.method.commit, { snapshotter, name, key }, call);
  } catch (error) {
    await removeSnapshot(channel, snapshotter, key);
    // Somebody else unpacked it meanwhile, or the snapshotter brings layers itself.
    if (!isKind(error, 'already_exists') || !(await hasSnapshot(channel, name, options))) throw error;
  }
}

/** Has containerd write a layer that it has into mounts. @throws data_loss (`diff_id_mismatch`) */
export async function applyLayer(
  channel: Channel,
  { descriptor, diffId }: StackedLayer,
  { mounts, signal }: { readonly mounts: Mount[]; readonly signal: AbortSignal },
): Promise<void> {
  const { applied } = await channel.unary(Diff.method.apply, { diff: wireDescriptor(descriptor), mounts }, { signal });
  if (applied?.digest === diffId) return;
  throw new BerthError('data_loss', `layer ${descriptor.digest} unpacks to ${applied?.digest}, not to ${diffId}`, {
    code: 'diff_id_mismatch',
    hint: "the image's config does not fit its layers",
  });
}

async function removeSnapshot(channel: Channel, snapshotter: string, key: string): Promise<void> {
  try {
    await channel.unary(Snapshots.method.remove, { snapshotter, key }, { timeout: 30_000 });
  } catch (error) {
    // Its lease ends it otherwise; what went wrong before is what counts.
    if (!(error instanceof BerthError)) throw error;
  }
}
