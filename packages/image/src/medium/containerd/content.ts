import { type Digest, digestAlgorithm, digestHex } from '@berth/model/digest';
import { BerthError, isKind } from '@berth/model/error';
import { type Descriptor, maxManifestSize } from '@berth/model/manifest';
import { isConfigType } from '@berth/model/media-type';
import { Content, type Info } from '@berth/wire/gen/containerd/services/content/v1/content_pb';
import { checkBytes } from '../../archive/verified-write.ts';
import type { Channel } from '../../grpc/channel.ts';

const maxConfigSize = 8 << 20;

/** What containerd knows of a blob in the namespace; undefined when it is not there. */
export async function blobInfo(channel: Channel, digest: Digest, signal: AbortSignal): Promise<Info | undefined> {
  try {
    return (await channel.unary(Content.method.info, { digest }, { signal })).info;
  } catch (error) {
    if (isKind(error, 'not_found')) return undefined;
    throw error;
  }
}

/** Sets labels of a blob that is in the namespace; the others stay. */
export async function addLabels(
  channel: Channel,
  digest: Digest,
  labels: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<void> {
  const paths = Object.keys(labels).map((key) => `labels.${key}`);
  if (paths.length === 0) return;
  const request = { info: { digest, labels: { ...labels } }, updateMask: { paths } };
  await channel.unary(Content.method.update, request, { signal });
}

/** A blob's bytes from an offset to its end. */
export async function* readBlob(
  channel: Channel,
  { digest }: Pick<Descriptor, 'digest'>,
  { signal, offset = 0 }: { readonly signal: AbortSignal; readonly offset?: number },
): AsyncGenerator<Uint8Array> {
  const request = { digest, offset: BigInt(offset) };
  for await (const { data } of channel.serverStream(Content.method.read, request, { signal }))
    if (data.length > 0) yield data;
}

/** Where a store that is on this machine keeps a blob. */
export function blobPath(root: string, digest: Digest): string {
  return `${root}/blobs/${digestAlgorithm(digest)}/${digestHex(digest)}`;
}

/**
 * A whole manifest, index or config, verified.
 * @throws not_found (`no_such_blob`), data_loss, resource_exhausted (`document_too_large`)
 */
export async function readDocument(channel: Channel, descriptor: Descriptor, signal: AbortSignal): Promise<Uint8Array> {
  const { digest, size, mediaType } = descriptor;
  const limit = isConfigType(mediaType) ? maxConfigSize : maxManifestSize;
  if (size > limit)
    throw new BerthError('resource_exhausted', `${digest} has ${size} bytes, more than the ${limit} of a document`, {
      code: 'document_too_large',
    });
  const pieces: Uint8Array[] = [];
  try {
    for await (const piece of readBlob(channel, descriptor, { signal })) pieces.push(piece);
  } catch (error) {
    if (!isKind(error, 'not_found')) throw error;
    throw new BerthError('not_found', `containerd does not have ${digest}`, {
      code: 'no_such_blob',
      hint: 'the image is there in part only: pull it again, or choose the platforms that are there',
      cause: error,
    });
  }
  const bytes = Buffer.concat(pieces);
  checkBytes(descriptor, bytes);
  return bytes;
}
