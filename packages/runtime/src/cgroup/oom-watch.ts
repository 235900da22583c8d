import { existsSync, watch } from 'node:fs';
import { dirname } from 'node:path';
import { readKeyed } from './cgroup-file.ts';
import { cgroupFile } from './layout.ts';
import type { CgroupLayout } from './layout.ts';

/** v1 tells by an eventfd only, which Node has not: its counter is asked. v2 tells, and is asked in case it was missed. */
const pauses = { 1: 100, 2: 1000 } as const;

/**
 * Yields the number of kills so far whenever the kernel has killed processes of the cgroup for want of memory; those of
 * before the call do not count. Ends when the cgroup is gone or the signal aborts.
 */
export async function* oomKills(layout: CgroupLayout, path: string, signal: AbortSignal): AsyncGenerator<number> {
  const file = cgroupFile(layout, path, layout.version === 2 ? 'memory.events' : 'memory.oom_control');
  const count = async () => (await readKeyed(file)).oom_kill ?? 0;
  let seen = await count();
  using bell = new Bell(layout.version === 2 ? file : undefined, signal);
  while (!signal.aborted && existsSync(dirname(file))) {
    const now = await count();
    if (now > seen) yield now;
    seen = Math.max(now, seen);
    await bell.ring(pauses[layout.version]);
  }
}

/** Rings when the file changes, at the latest after a while. */
class Bell {
  readonly #stop: () => void;
  #rung = Promise.withResolvers<void>();

  constructor(file: string | undefined, signal: AbortSignal) {
    const ring = () => this.#rung.resolve();
    const watcher = file !== undefined && existsSync(file) ? watch(file, ring) : undefined;
    // The file goes with the cgroup: that is an end, not an error.
    watcher?.on('error', ring);
    signal.addEventListener('abort', ring, { once: true });
    this.#stop = () => {
      watcher?.close();
      signal.removeEventListener('abort', ring);
    };
  }

  async ring(milliseconds: number): Promise<void> {
    const timer = setTimeout(() => this.#rung.resolve(), milliseconds);
    await this.#rung.promise;
    clearTimeout(timer);
    this.#rung = Promise.withResolvers();
  }

  [Symbol.dispose](): void {
    this.#stop();
  }
}
