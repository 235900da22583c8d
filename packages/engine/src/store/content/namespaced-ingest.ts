import type { CallContext } from '@berth/model/context';
import type { BlobInfo, CommitOptions, Expected, Ingest } from '../content.ts';
import type { SqliteMetadata } from '../metadata/sqlite-metadata.ts';
import { onDisk } from '../root/disk-error.ts';
import type { BlobPins } from './blob-pins.ts';
import type { LocalIngest } from './local-ingest.ts';

export interface NamespacedIngestParts {
  readonly inner: LocalIngest;
  /** Without the namespace that the raw store's reference starts with. */
  readonly ref: string;
  readonly metadata: SqliteMetadata;
  readonly pins: BlobPins;
}

/** A writer whose commit also records the blob for its namespace, under the caller's lease. */
export class NamespacedIngest implements Ingest {
  readonly ref: string;
  readonly path: string;
  readonly offset: number;
  readonly #parts: NamespacedIngestParts;

  constructor(parts: NamespacedIngestParts) {
    this.#parts = parts;
    this.ref = parts.ref;
    this.path = parts.inner.path;
    this.offset = parts.inner.offset;
  }

  write(chunk: Uint8Array): Promise<void> {
    return onDisk(`the ingest ${this.ref}`, () => this.#parts.inner.write(chunk));
  }

  truncate(size: number): Promise<void> {
    return this.#parts.inner.truncate(size);
  }

  async commit(context: CallContext, expected: Expected = {}, options: CommitOptions = {}): Promise<BlobInfo> {
    const { inner, metadata, pins } = this.#parts;
    const pinned: string[] = [];
    const onPublish = (digest: string): void => {
      pins.hold(digest);
      pinned.push(digest);
    };
    try {
      const { digest, size } = await onDisk(`the ingest ${this.ref}`, () =>
        inner.commit(context, expected, { ...options, onPublish }),
      );
      return await metadata.write((tx) => {
        const { namespace, lease } = context;
        tx.leases.protect(namespace, lease, { kind: 'blob', key: digest });
        if (lease !== undefined) tx.leases.unprotect(namespace, lease, { kind: 'ingest', key: inner.ref });
        tx.namespaces.ensure(namespace);
        return tx.blobs.put(tx.namespaces.scope(namespace), { digest, size, labels: options.labels ?? {} });
      });
    } finally {
      for (const digest of pinned) pins.release(digest);
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#parts.inner[Symbol.asyncDispose]();
  }
}
