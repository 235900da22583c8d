import type { CallContext } from '@berth/model/context';
import type { Digest } from '@berth/model/digest';
import type { BlobInfo, ByteRange, ContentStore, Expected, Ingest, IngestStatus, Labels } from '../content.ts';
import type { SqliteMetadata } from '../metadata/sqlite-metadata.ts';
import { onDisk } from '../root/disk-error.ts';
import type { BlobPins } from './blob-pins.ts';
import { blobExists, missingBlob, missingIngest, sizeMismatch, tooLarge } from './content-error.ts';
import { defaultReadAllLimit, type LocalContentStore } from './local-content.ts';
import { NamespacedIngest } from './namespaced-ingest.ts';

const pageSize = 200;

export interface NamespacedContentParts {
  readonly local: LocalContentStore;
  readonly metadata: SqliteMetadata;
  readonly pins: BlobPins;
}

/**
 * The content store as a namespace sees it: visibility, labels and leases over the raw one. Namespaces of a share
 * group see the same blobs with the same labels. Bytes are shared by all: writing a digest that any namespace
 * has succeeds at once (containerd's content sharing policy "shared").
 */
export class NamespacedContent implements ContentStore {
  readonly #parts: NamespacedContentParts;

  constructor(parts: NamespacedContentParts) {
    this.#parts = parts;
  }

  async info(context: CallContext, digest: Digest): Promise<BlobInfo> {
    return this.#find(context, digest);
  }

  async *read(context: CallContext, digest: Digest, range?: ByteRange): AsyncIterable<Uint8Array> {
    this.#find(context, digest);
    yield* this.#parts.local.read(context, digest, range);
  }

  async readAll(context: CallContext, digest: Digest, limit = defaultReadAllLimit): Promise<Uint8Array> {
    const { size } = this.#find(context, digest);
    if (size > limit) throw tooLarge(digest, size, limit);
    return await this.#parts.local.readAll(context, digest, limit);
  }

  async *list(context: CallContext): AsyncIterable<BlobInfo> {
    for (let after = ''; ;) {
      const page = this.#parts.metadata.read((tx) =>
        tx.blobs.page(tx.namespaces.scope(context.namespace), after, pageSize),
      );
      yield* page;
      const last = page.at(-1);
      if (last === undefined) return;
      after = last.digest;
    }
  }

  label(context: CallContext, digest: Digest, labels: Labels): Promise<BlobInfo> {
    return this.#parts.metadata.write((tx) => {
      const info = tx.blobs.label(tx.namespaces.scope(context.namespace), digest, labels);
      if (info === undefined) throw missingBlob(digest);
      return info;
    });
  }

  async delete(context: CallContext, digest: Digest): Promise<void> {
    const { local, metadata, pins } = this.#parts;
    await metadata.write((tx) => {
      if (!tx.blobs.delete(tx.namespaces.scope(context.namespace), digest)) throw missingBlob(digest);
    });
    const isHeld = metadata.read((tx) => tx.blobs.sizeAnywhere(digest)) !== undefined || pins.has(digest);
    if (!isHeld) await local.evict(digest);
  }

  async ingest(context: CallContext, ref: string, expected: Expected = {}): Promise<Ingest> {
    const { local, metadata, pins } = this.#parts;
    const { digest, size } = expected;
    if (digest !== undefined && (await this.#adopt(context, digest, size))) throw blobExists(digest);
    const raw = this.#rawRef(context, ref, expected);
    if (context.lease !== undefined) await this.#protectIngest(context, raw);
    const inner = await onDisk(`the ingest ${ref}`, () => local.resume(raw, expected));
    return new NamespacedIngest({ inner, ref, metadata, pins });
  }

  async ingests(context: CallContext): Promise<readonly IngestStatus[]> {
    const prefixes = this.#prefixes(context);
    const all = await this.#parts.local.ingests(context);
    return all.flatMap((status) => {
      const prefix = prefixes.find((one) => status.ref.startsWith(one));
      return prefix === undefined ? [] : [{ ...status, ref: status.ref.slice(prefix.length) }];
    });
  }

  async abort(context: CallContext, ref: string): Promise<void> {
    const { local } = this.#parts;
    const known = new Set((await local.ingests(context)).map((status) => status.ref));
    const raw = new Set(this.#prefixes(context).map((prefix) => prefix + ref));
    const found = [...raw].filter((one) => known.has(one));
    if (found.length === 0) throw missingIngest(ref);
    for (const one of found) await local.abort(context, one);
  }

  /**
   * An ingest that says which blob it is to become is one for the whole share group, so that any of its doors takes up
   * what another had to leave; one that does not is its namespace's own.
   */
  #rawRef(context: CallContext, ref: string, { digest }: Expected): string {
    const [shared, own] = this.#prefixes(context);
    return (digest === undefined ? own : shared) + ref;
  }

  /** What raw references start with: of the scope first, of the namespace itself last. */
  #prefixes({ namespace }: CallContext): readonly [string, string] {
    const scope = this.#parts.metadata.read((tx) => tx.namespaces.scope(namespace));
    return [`${scope}/`, `namespace/${namespace}/`];
  }

  #find(context: CallContext, digest: Digest): BlobInfo {
    const info = this.#parts.metadata.read((tx) => tx.blobs.get(tx.namespaces.scope(context.namespace), digest));
    if (info === undefined) throw missingBlob(digest);
    return info;
  }

  /** A recorded lease keeps an ingest beyond the time that those without one have. */
  async #protectIngest({ namespace, lease }: CallContext, key: string): Promise<void> {
    const { metadata } = this.#parts;
    if (lease === undefined || metadata.processLeases.has(lease)) return;
    await metadata.write((tx) => tx.leases.protect(namespace, lease, { kind: 'ingest', key }));
  }

  /** Makes a blob that some namespace has visible in this one, and protects it by the caller's lease. */
  async #adopt({ namespace, lease }: CallContext, digest: Digest, wanted: number | undefined): Promise<boolean> {
    const { metadata } = this.#parts;
    if (metadata.read((tx) => tx.blobs.sizeAnywhere(digest)) === undefined) return false;
    return await metadata.write((tx) => {
      const size = tx.blobs.sizeAnywhere(digest);
      if (size === undefined) return false;
      if (wanted !== undefined && wanted !== size) throw sizeMismatch(digest, size, wanted);
      tx.leases.protect(namespace, lease, { kind: 'blob', key: digest });
      tx.namespaces.ensure(namespace);
      tx.blobs.put(tx.namespaces.scope(namespace), { digest, size, labels: {} });
      return true;
    });
  }
}
