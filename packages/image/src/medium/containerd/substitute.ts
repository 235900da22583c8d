import { type Digest, parseDigest } from '@berth/model/digest';
import type { Descriptor } from '@berth/model/manifest';
import { type Compression, mediaTypes } from '@berth/model/media-type';
import { Content } from '@berth/wire/gen/containerd/services/content/v1/content_pb';
import type { Channel } from '../../grpc/channel.ts';
import { uncompressedFilter } from './labels.ts';

/**
 * A blob of the namespace that unpacks to this layer: containerd labels each with its diff id when it unpacks it.
 * @returns it with the media type that its bytes tell, in the family (Docker's or OCI's) of `descriptor`
 */
export async function findPacked(
  channel: Channel,
  descriptor: Descriptor,
  { diffId, signal }: { readonly diffId: Digest; readonly signal: AbortSignal },
): Promise<Descriptor | undefined> {
  for await (const { info } of channel.serverStream(
    Content.method.list,
    { filters: [uncompressedFilter(diffId)] },
    { signal },
  ))
    for (const { digest, size } of info) {
      const compression = await compressionOf(channel, digest, signal);
      const mediaType = compression === undefined ? undefined : typeOf(descriptor, compression);
      if (mediaType !== undefined) return { mediaType, digest: parseDigest(digest), size: Number(size) };
    }
  return undefined;
}

const tarMagic = { at: 257, text: 'ustar' };

/** By the first bytes; undefined for what is none of them. */
async function compressionOf(channel: Channel, digest: string, signal: AbortSignal): Promise<Compression | undefined> {
  const request = { digest, size: 512n };
  const pieces: Uint8Array[] = [];
  for await (const { data } of channel.serverStream(Content.method.read, request, { signal })) pieces.push(data);
  const head = Buffer.concat(pieces);
  if (head.length >= 2 && head.readUInt16BE(0) === 0x1f8b) return 'gzip';
  if (head.length >= 4 && head.readUInt32LE(0) === 0xfd2fb528) return 'zstd';
  const { at, text } = tarMagic;
  return head.toString('latin1', at, at + text.length) === text ? 'none' : undefined;
}

const docker: Readonly<Record<Compression, string>> = {
  none: mediaTypes.dockerLayer,
  gzip: mediaTypes.dockerLayerGzip,
  zstd: mediaTypes.dockerLayerZstd,
};

const oci: Readonly<Record<Compression, string>> = {
  none: mediaTypes.ociLayer,
  gzip: mediaTypes.ociLayerGzip,
  zstd: mediaTypes.ociLayerZstd,
};

function typeOf({ mediaType }: Descriptor, compression: Compression): string {
  return (mediaType.startsWith('application/vnd.docker.') ? docker : oci)[compression];
}
