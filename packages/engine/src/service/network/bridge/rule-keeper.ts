import type { HostRules } from './host-rules.ts';
import type { PacketFilter } from './packet-filter.ts';

/** Brings the packet filter to what is wanted, one change at a time; calls that come meanwhile share the next one. */
export class RuleKeeper {
  readonly #filter: PacketFilter;
  readonly #wanted: () => readonly HostRules[];
  #applied = '';
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
    await this.#filter.apply(rules);
    this.#applied = text;
  }
}
