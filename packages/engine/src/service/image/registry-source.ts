import { BerthError } from '@berth/model/error';
import type { Descriptor } from '@berth/model/manifest';
import { isIndexType, isManifestType } from '@berth/model/media-type';
import { sha256 } from '@berth/model/digest';
import type { ImageSource } from '@berth/image/medium/medium';
import type { Repository } from '@berth/image/registry/contract';

export function registrySource(title: string, repository: Repository, target: Descriptor): ImageSource {
  return {
    title,
    origin: repository.name,
    images: async () => [{ names: [], target }],
    has: async () => true,
    document: async (descriptor, signal) => {
      if (isIndexType(descriptor.mediaType) || isManifestType(descriptor.mediaType))
        return await repository.manifest(descriptor, signal);
      const pieces: Uint8Array[] = [];
      for await (const piece of repository.blob(descriptor, signal)) pieces.push(piece);
      const bytes = Buffer.concat(pieces);
      if (sha256(bytes) !== descriptor.digest)
        throw new BerthError('data_loss', `${descriptor.digest} came with other bytes`, { code: 'digest_mismatch' });
      return bytes;
    },
    blob: (descriptor) => ({ read: (signal, offset) => repository.blob(descriptor, signal, offset) }),
    [Symbol.asyncDispose]: async () => {},
  };
}
