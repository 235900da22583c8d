/** Nanoseconds, both: of a clock that never goes back, and of processor time. */
interface Sample {
  readonly at: bigint;
  readonly usage: bigint;
}

const second = 1_000_000_000n;
/** Rates over less than this would tell of a moment, not of the container. */
const shortest = second / 10n;

/**
 * Billionths of a processor that something uses, by its samples. A client that asks every ten seconds gets the rate over
 * these ten; one that asks ten times a second, or several at once, that over the last one to two seconds.
 */
export class CpuRate {
  #base: Sample;
  #next: Sample;
  #rate: bigint | undefined;

  constructor(at: bigint, usage: bigint) {
    this.#base = this.#next = { at, usage };
  }

  /** Undefined until there was an earlier sample. */
  sample(at: bigint, usage: bigint): bigint | undefined {
    if (usage < this.#next.usage) {
      // Another cgroup of the same name: its counters began again.
      this.#base = this.#next = { at, usage };
      this.#rate = undefined;
    } else if (at - this.#next.at >= second) {
      this.#base = this.#next;
      this.#next = { at, usage };
    }
    const time = at - this.#base.at;
    if (time >= shortest) this.#rate = ((usage - this.#base.usage) * second) / time;
    return this.#rate;
  }
}

/** The rates of all that is asked for, by id. */
export class CpuRates {
  readonly #rates = new Map<string, CpuRate>();

  of(id: string, usage: bigint): bigint | undefined {
    const at = process.hrtime.bigint();
    const rate = this.#rates.get(id);
    if (rate !== undefined) return rate.sample(at, usage);
    this.#rates.set(id, new CpuRate(at, usage));
    return undefined;
  }

  /** Forgets all others. */
  keep(ids: ReadonlySet<string>): void {
    for (const id of this.#rates.keys()) if (!ids.has(id)) this.#rates.delete(id);
  }
}
