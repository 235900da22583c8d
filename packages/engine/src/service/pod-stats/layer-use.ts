import { type CallContext, withSignal } from '@berth/model/context';
import { isKind } from '@berth/model/error';
import type { SnapshotStore } from '#store/snapshot';
import type { FileSystemUse } from './contract.ts';

/** Milliseconds. A layer is measured by a walk through its files: as often as containerd does it. */
const fresh = 10_000;
/** A large layer is walked through at most for this part of the time. */
const share = 1 / 50;

const forever = new AbortController().signal;

interface Measured {
  readonly use: Omit<FileSystemUse, 'mountpoint'>;
  /** On the clock that never goes back: when it was measured, and how long that took. */
  readonly at: number;
  readonly took: number;
}

/**
 * What containers' writable layers take on the disk. Only the first one who asks waits for a measurement; then the last
 * known one is told, with its time, and a newer one is made behind it, one layer after the other.
 */
export class LayerUses {
  readonly #snapshots: Pick<SnapshotStore, 'usage'>;
  readonly #mountpoint: string;
  readonly #known = new Map<string, Measured>();
  readonly #running = new Map<string, Promise<Measured | undefined>>();
  /** Those whose turn has not come yet. */
  readonly #waiting = new Set<string>();
  #queue: Promise<unknown> = Promise.resolve();

  /** @param mountpoint what ImageFsInfo calls the file system of the layers */
  constructor(snapshots: Pick<SnapshotStore, 'usage'>, mountpoint: string) {
    this.#snapshots = snapshots;
    this.#mountpoint = mountpoint;
  }

  /** Nothing for a layer that is not there. */
  async of(context: CallContext, key: string): Promise<FileSystemUse> {
    const known = this.#known.get(key);
    const first = known === undefined ? await this.#measure(context, key).catch(this.#told(context, key)) : known;
    const use = first?.use ?? { at: now(), bytes: 0n, inodes: 0n };
    if (known !== undefined && isStale(known)) this.#refresh(context, key);
    return { ...use, mountpoint: this.#mountpoint };
  }

  /** Forgets all others. */
  keep(keys: ReadonlySet<string>): void {
    for (const key of this.#known.keys()) if (!keys.has(key)) this.#known.delete(key);
  }

  #refresh(context: CallContext, key: string): void {
    if (this.#running.has(key) || this.#waiting.has(key)) return;
    this.#waiting.add(key);
    const next = this.#queue.then(async () => {
      this.#waiting.delete(key);
      await this.#measure(context, key);
    });
    this.#queue = next.catch(this.#told(context, key));
  }

  /** One layer that cannot be measured must not take the numbers of all others away. */
  #told({ log }: CallContext, key: string): (error: unknown) => undefined {
    return (error) => {
      log.warn('a layer could not be measured', { key, error: String(error) });
      return undefined;
    };
  }

  #measure(context: CallContext, key: string): Promise<Measured | undefined> {
    const running = this.#running.get(key);
    if (running !== undefined) return running;
    const measuring = this.#walk(withSignal(context, forever), key).finally(() => this.#running.delete(key));
    this.#running.set(key, measuring);
    return measuring;
  }

  async #walk(context: CallContext, key: string): Promise<Measured | undefined> {
    const began = performance.now();
    try {
      const { bytes, inodes } = await this.#snapshots.usage(context, key);
      const ended = performance.now();
      const use = { at: now(), bytes: BigInt(bytes), inodes: BigInt(inodes) };
      const measured = { use, at: ended, took: ended - began };
      this.#known.set(key, measured);
      return measured;
    } catch (error) {
      // The container is being removed.
      if (isKind(error, 'not_found')) return undefined;
      throw error;
    }
  }
}

function isStale({ at, took }: Measured): boolean {
  return performance.now() - at > Math.max(fresh, took / share);
}

/** Nanoseconds since 1970. */
export function now(): bigint {
  return BigInt(Date.now()) * 1_000_000n;
}
