import { createHash } from 'node:crypto';
import { type Digest, digestAlgorithm } from '@berth/model/digest';
import { BerthError } from '@berth/model/error';
import type { Descriptor } from '@berth/model/manifest';
import type { BlobSource, FileSource } from './archive.ts';
import { readMember } from './member.ts';

/** The blobs of an archive by digest. */
export class BlobSet {
  readonly #sources = new Map<Digest, BlobSource>();

  add(digest: Digest, source: BlobSource): void {
    this.#sources.set(digest, source);
  }

  has({ digest }: Pick<Descriptor, 'digest'>): boolean {
    return this.#sources.has(digest);
  }

  source(blob: Digest | Pick<Descriptor, 'digest'>): BlobSource {
    const digest = typeof blob === 'string' ? blob : blob.digest;
    const source = this.#sources.get(digest);
    if (source === undefined)
      throw new BerthError('not_found', `the archive has no blob ${digest}`, { code: 'no_such_blob' });
    return source;
  }

  layerFile(blob: Digest | Pick<Descriptor, 'digest'>): FileSource {
    const source = this.source(blob);
    if ('path' in source) return source;
    throw new BerthError('failed_precondition', 'the blob is a document that the archive itself does not have');
  }

  async readAll(blob: Pick<Descriptor, 'digest'>, limit: number): Promise<Uint8Array> {
    const { digest } = blob;
    const source = this.source(digest);
    const bytes = 'bytes' in source ? source.bytes : await readMember(source, `blob ${digest}`, limit);
    const actual = `${digestAlgorithm(digest)}:${createHash(digestAlgorithm(digest)).update(bytes).digest('hex')}`;
    if (actual === digest) return bytes;
    throw new BerthError('data_loss', `blob ${digest} of the archive has the digest ${actual}`, {
      code: 'digest_mismatch',
    });
  }
}
