import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { errnoName } from '@berth/model/error';

/** Which bridge of the host is of our own making, also for the daemons to come: only that one is ours to take away. */
export class OwnBridge {
  readonly #file: string;
  readonly #text: string;

  constructor(file: string, name: string) {
    this.#file = file;
    // No device is there any more after a reboot: one of that name is then somebody else's.
    this.#text = `${name} ${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8')}`;
  }

  isThere(): boolean {
    try {
      return readFileSync(this.#file, 'utf8') === this.#text;
    } catch (error) {
      if (errnoName(error) === 'ENOENT') return false;
      throw error;
    }
  }

  /** Before it is made. */
  claim(): void {
    mkdirSync(path.dirname(this.#file), { recursive: true, mode: 0o700 });
    writeFileSync(this.#file, this.#text);
  }

  /** When it is gone, or could not be made. */
  forget(): void {
    rmSync(this.#file, { force: true });
  }
}
