import { randomUUID } from 'node:crypto';
import { type CallContext, withLease } from '@berth/model/context';
import type { Digest } from '@berth/model/digest';
import { isKind } from '@berth/model/error';
import type { ContentStore } from '#store/content';
import type { Lease, Leases } from '#store/metadata';

/** How long what was pushed waits for the manifest that needs it, ms. */
const patience = 24 * 60 * 60 * 1000;

interface Hold {
  readonly lease: Lease;
  /** Milliseconds since 1970: younger than half of the patience it serves the next caller too. */
  readonly since: number;
}

/**
 * Leases of what was pushed and is not needed by anything yet, one for each digest, recorded: a push may outlive the
 * daemon. Those of an earlier daemon end by themselves.
 */
export class PushedContent {
  readonly #content: ContentStore;
  readonly #leases: Leases;
  readonly #holds = new Map<string, Promise<Hold>>();

  constructor({ content, leases }: { readonly content: ContentStore; readonly leases: Leases }) {
    this.#content = content;
    this.#leases = leases;
  }

  /** The context in which what is written for this digest is kept for a day. */
  async holding(context: CallContext, digest: Digest): Promise<CallContext> {
    const key = `${context.namespace} ${digest}`;
    const before = await this.#holds.get(key);
    const isFresh = before !== undefined && Date.now() - before.since < patience / 2;
    if (isFresh) return withLease(context, before.lease.id);
    const made = this.#leases.create(context.namespace, patience).then((lease) => ({ lease, since: Date.now() }));
    this.#holds.set(key, made);
    try {
      return withLease(context, (await made).lease.id);
    } catch (error) {
      this.#holds.delete(key);
      throw error;
    }
  }

  /** Something else needs these now. */
  async release(context: CallContext, digests: Iterable<Digest>): Promise<void> {
    for (const digest of digests) {
      const key = `${context.namespace} ${digest}`;
      const hold = this.#holds.get(key);
      this.#holds.delete(key);
      await (await hold)?.lease[Symbol.asyncDispose]();
    }
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
