import { asError } from '@berth/model/error';
import type { Descriptor } from '@berth/model/manifest';
import type { Channel } from '../../grpc/channel.ts';
import { connectContainerd } from '../containerd/connect.ts';
import { blobInfo } from '../containerd/content.ts';
import { openContainerdSource } from '../containerd/source.ts';
import type { ImageView } from './image-view.ts';
import type { DockerConnection } from './options.ts';

/**
 * dockerd's API does not tell which blobs its containerd image store has. Where its containerd's socket is on this machine
 * and open to us (root), that is asked: to leave out what is there, and to read what is wanted. Nothing is written by this way.
 */
type Behind = Pick<DockerConnection, 'facts' | 'endpoint' | 'log'>;

/** Undefined where there is no way to it. */
export async function connectBehind(
  { facts, endpoint, log }: Behind,
  signal: AbortSignal,
): Promise<Channel | undefined> {
  const { containerd } = facts;
  if (facts.store !== 'containerd' || containerd === undefined || endpoint.kind !== 'unix') return undefined;
  try {
    return await connectContainerd({ address: containerd.address, signal }, containerd.namespace);
  } catch (error) {
    log.debug("dockerd's containerd cannot be asked", { reason: asError(error).message });
    return undefined;
  }
}

export { findPacked } from '../containerd/substitute.ts';

export async function hasBlob(channel: Channel, descriptor: Descriptor, signal: AbortSignal): Promise<boolean> {
  const info = await blobInfo(channel, descriptor.digest, signal);
  return info !== undefined && Number(info.size) === descriptor.size;
}

/** The image of this name, its blobs where they are; undefined where there is no way to it. */
export async function readBehind(
  { facts, endpoint, log }: Behind,
  name: string,
  signal: AbortSignal,
): Promise<ImageView | undefined> {
  const { containerd } = facts;
  if (facts.store !== 'containerd' || containerd === undefined || endpoint.kind !== 'unix') return undefined;
  try {
    const place = { namespace: containerd.namespace, name };
    const source = await openContainerdSource({ address: containerd.address, signal }, place);
    const images = await source.images(signal);
    return {
      targets: images.map(({ target }) => target),
      has: async (descriptor, aborted) => await source.has(descriptor, aborted),
      document: async (descriptor, aborted) => await source.document(descriptor, aborted),
      blob: (descriptor) => source.blob(descriptor),
      [Symbol.asyncDispose]: async () => await source[Symbol.asyncDispose](),
    };
  } catch (error) {
    log.debug("dockerd's containerd cannot be read", { reason: asError(error).message });
    return undefined;
  }
}
