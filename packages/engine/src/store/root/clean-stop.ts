import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { errnoName } from '@berth/model/error';

/**
 * Tells whether the machine went down while a daemon had the root folder open. A daemon that was killed on a
 * machine that went on lost nothing that it had handed to the kernel; only a mark from another boot is suspicious.
 */
export class CleanStopMark {
  readonly #file: string;
  readonly #bootId: string;
  /** The machine went down under the last daemon. */
  readonly wasUnclean: boolean;

  constructor(root: string, bootId: string) {
    this.#file = path.join(root, 'running');
    this.#bootId = bootId;
    const before = readMark(this.#file);
    this.wasUnclean = before !== undefined && before !== bootId;
    // Until `confirm`, a second power cut must not make the damage of the first one look checked.
    if (!this.wasUnclean) this.confirm();
  }

  /** What there was to check is checked. */
  confirm(): void {
    writeFileSync(this.#file, this.#bootId, { flush: true });
  }

  /** The stores were closed in order. */
  clear(): void {
    try {
      rmSync(this.#file, { force: true });
    } catch {
      // A disk that has become read-only, say. A mark too many costs a check at worst.
    }
  }
}

export function currentBoot(file = '/proc/sys/kernel/random/boot_id'): string {
  return readFileSync(file, 'utf8').trim();
}

function readMark(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    if (errnoName(error) === 'ENOENT') return undefined;
    throw error;
  }
}
