import { randomUUID } from 'node:crypto';
import { type CallContext, withLease } from '@berth/model/context';
import type { Digest } from '@berth/model/digest';
import { isKind } from '@berth/model/error';
import type { ContentStore } from '#store/content';
import type { MetadataStore, ReadTransaction } from '#store/metadata';

/** How long what was pushed waits for the manifest that needs it, ms. */
const patience = 24 * 60 * 60 * 1000;

/**
 * Leases of what was pushed and is not needed by anything yet: one for each digest, named for it, so that whoever puts
 * the manifest in the end can let it go, a later daemon too.
 */
export class PushedContent {
  readonly #content: ContentStore;
  readonly #metadata: MetadataStore;

  constructor({ content, metadata }: { readonly content: ContentStore; readonly metadata: MetadataStore }) {
    this.#content = content;
    this.#metadata = metadata;
  }

  /** The context in which what is written for this digest is kept for a day, or nearly. */
  async holding(context: CallContext, digest: Digest): Promise<CallContext> {
    const { namespace } = context;
    const id = leaseOf(digest);
    if (this.#metadata.read((tx) => isFresh(tx, namespace, id))) return withLease(context, id);
    await this.#metadata.write((tx) => {
      if (isFresh(tx, namespace, id)) return;
      if (tx.leases.get(namespace, id) !== undefined) tx.leases.delete(namespace, id);
      tx.leases.create({ namespace, id, labels: {}, expiresAt: Date.now() + patience });
    });
    return withLease(context, id);
  }

  /** Something else needs these now. */
  async release({ namespace }: CallContext, digests: readonly Digest[]): Promise<void> {
    const isHeld = (tx: ReadTransaction, digest: Digest): boolean =>
      tx.leases.get(namespace, leaseOf(digest)) !== undefined;
    if (!this.#metadata.read((tx) => digests.some((digest) => isHeld(tx, digest)))) return;
    await this.#metadata.write((tx) => {
      for (const digest of digests) if (isHeld(tx, digest)) tx.leases.delete(namespace, leaseOf(digest));
    });
  }

  /** Protects a blob that is here, in whatever namespace, by the context's lease. False when it is nowhere. */
  async adopt(context: CallContext, digest: Digest): Promise<boolean> {
    const ref = `registry-look-${randomUUID()}`;
    try {
      await (await this.#content.ingest(context, ref, { digest }))[Symbol.asyncDispose]();
    } catch (error) {
      if (isKind(error, 'already_exists')) return true;
      throw error;
    }
    await this.#content.abort(context, ref);
    return false;
  }
}

/** One that ends soon is made anew: what it holds is taken over by whoever asks. */
function isFresh(tx: ReadTransaction, namespace: string, id: string): boolean {
  const lease = tx.leases.get(namespace, id);
  return lease?.expiresAt !== undefined && lease.expiresAt - Date.now() > patience / 2;
}

function leaseOf(digest: Digest): string {
  return `pushed-${digest}`;
}
