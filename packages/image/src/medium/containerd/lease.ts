import { randomBytes } from 'node:crypto';
import type { Digest } from '@berth/model/digest';
import { isKind } from '@berth/model/error';
import { Leases } from '@berth/wire/gen/containerd/services/leases/v1/leases_pb';
import type { Channel } from '../../grpc/channel.ts';
import { expireLabel } from './labels.ts';

/** Should we die, containerd lets go of what we put after this time, as of what ctr left. */
const lifetime = 24 * 3600_000;

/** Milliseconds that taking the lease away may take. */
const patience = 10_000;

/**
 * Keeps what a copy puts, or found there, until an image leads to it.
 *
 * Blobs are named to the lease before they are there: then an ingest can be left out of it, so that it stays for a
 * later try when the lease goes (containerd ends it a day after it began).
 */
export class CopyLease implements AsyncDisposable {
  readonly #channel: Channel;
  readonly #id: string;

  private constructor(channel: Channel, id: string) {
    this.#channel = channel;
    this.#id = id;
  }

  static async take(channel: Channel, signal: AbortSignal): Promise<CopyLease> {
    const id = `berth-copy-${randomBytes(8).toString('hex')}`;
    const labels = { [expireLabel]: new Date(Date.now() + lifetime).toISOString().replace(/\.\d+Z$/, 'Z') };
    await channel.unary(Leases.method.create, { id, labels }, { signal });
    return new CopyLease(channel, id);
  }

  /** For calls that make things which belong to the lease. */
  get metadata(): Readonly<Record<string, string>> {
    return { 'containerd-lease': this.#id };
  }

  async keepBlob(digest: Digest, signal: AbortSignal): Promise<void> {
    await this.#keep('content', digest, signal);
  }

  async keepSnapshot(snapshotter: string, name: string, signal: AbortSignal): Promise<void> {
    await this.#keep(`snapshots/${snapshotter}`, name, signal);
  }

  async #keep(type: string, id: string, signal: AbortSignal): Promise<void> {
    await this.#channel.unary(Leases.method.addResource, { id: this.#id, resource: { type, id } }, { signal });
  }

  /** With a connection of its own where the channel broke. A containerd that is gone ends the lease by its time. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.#delete(this.#channel);
    } catch (error) {
      if (!isKind(error, 'unavailable')) throw error;
      await this.#deleteAnew();
    }
  }

  async #deleteAnew(): Promise<void> {
    try {
      await using channel = await this.#channel.again();
      await this.#delete(channel);
    } catch (error) {
      if (!isKind(error, 'unavailable')) throw error;
    }
  }

  async #delete(channel: Channel): Promise<void> {
    await channel.unary(Leases.method.delete, { id: this.#id }, { timeout: patience });
  }
}
