import type { HostRules } from './host-rules.ts';
import type { PacketFilter } from './packet-filter.ts';

/** How long rules that were made are taken to be there, ms. */
const trustedTime = 10_000;

/** Brings the packet filter to what is wanted, one change at a time; calls that come meanwhile share the next one. */
export class RuleKeeper {
  readonly #filter: PacketFilter;
  readonly #wanted: () => readonly HostRules[];
  #applied = '';
  /** Milliseconds of performance.now(). */
  #appliedAt = -Infinity;
  #running: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;

  constructor(filter: PacketFilter, wanted: () => readonly HostRules[]) {
    this.#filter = filter;
    this.#wanted = wanted;
  }

  /** Resolves when all that was wanted at the call is so. */
  bring(): Promise<void> {
    this.#next ??= this.#running.then(async () => {
      this.#next = undefined;
      const run = this.#apply();
      this.#running = run.catch(() => undefined);
      await run;
    });
    return this.#next;
  }

  /** Makes them again now and then: whoever starts a firewall anew takes those of others away. */
  async refresh(): Promise<void> {
    if (performance.now() - this.#appliedAt <= trustedTime) return;
    this.#applied = '';
    await this.bring();
  }

  async remove(): Promise<void> {
    await this.#running;
    await this.#filter.remove(this.#wanted());
    this.#applied = '';
  }

  async #apply(): Promise<void> {
    const rules = this.#wanted();
    const text = JSON.stringify(rules);
    if (this.#applied === text) return;
    // One that fails may have done half of it.
    this.#applied = '';
    this.#appliedAt = performance.now();
    await this.#filter.apply(rules);
    this.#applied = text;
  }
}
