import assert from 'node:assert/strict';
import { Containerd } from '../bench/peer/containerd.ts';
import { findPeer } from '../bench/peer/packages.ts';

/** Why there can be no containerd here; false when there can. */
export const whyNoContainerd =
  process.getuid?.() !== 0
    ? 'needs root'
    : findPeer('containerd') === undefined || findPeer('ctr') === undefined
      ? 'there is no containerd on this machine'
      : false;

export async function startContainerd(...args: Parameters<typeof Containerd.start>): Promise<Containerd> {
  const containerd = await Containerd.start(...args);
  assert.ok(containerd !== undefined, 'containerd does not start');
  return containerd;
}

/** The best snapshotter that works here: some file systems refuse overlayfs. */
export async function snapshotterOf(containerd: Containerd): Promise<string> {
  const plugins = await containerd.expect(['plugins', 'ls']);
  return /snapshotter\.v1\s+overlayfs\s+\S+\s+ok/.test(plugins) ? 'overlayfs' : 'native';
}
