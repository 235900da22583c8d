import type { CallContext } from '@berth/model/context';
import type { Digest } from '@berth/model/digest';

/** This many subjects that are not here are remembered. */
const limit = 1000;

/**
 * Referrers that came before their subject, as clients may push them. Kept by this process alone: the lease of such a
 * manifest ends in a day anyway.
 */
export class WaitingReferrers {
  readonly #waiting = new Map<string, Set<Digest>>();

  add(context: CallContext, subject: Digest, referrer: Digest): void {
    const key = keyOf(context, subject);
    const referrers = this.#waiting.get(key) ?? new Set();
    this.#waiting.set(key, referrers.add(referrer));
    const oldest = this.#waiting.size > limit ? this.#waiting.keys().next().value : undefined;
    if (oldest !== undefined) this.#waiting.delete(oldest);
  }

  list(context: CallContext, subject: Digest): readonly Digest[] {
    return [...(this.#waiting.get(keyOf(context, subject)) ?? [])];
  }

  /** The subject is here now. */
  take(context: CallContext, subject: Digest): readonly Digest[] {
    const referrers = this.list(context, subject);
    this.#waiting.delete(keyOf(context, subject));
    return referrers;
  }
}

function keyOf({ namespace }: CallContext, subject: Digest): string {
  return `${namespace} ${subject}`;
}
