import { type FileHandle, open, stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { flock } from '@berth/addon/file';
import { LOCK_EX, LOCK_NB, LOCK_SH } from '@berth/addon/flag';

/** A lock on a file or folder itself, flock(2): it leaves nothing behind, and ends with the process. */
export class FileLock implements AsyncDisposable {
  readonly #file: FileHandle;

  static async open(path: string): Promise<FileLock> {
    return new FileLock(await open(path, 'r'));
  }

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  /** Waits until nobody has it alone. */
  async share(signal: AbortSignal): Promise<void> {
    await this.#wait(LOCK_SH, signal);
  }

  /** Waits until nobody has it. */
  async acquire(signal: AbortSignal): Promise<void> {
    await this.#wait(LOCK_EX, signal);
  }

  /** False when somebody has it, too. A share that was held may be lost then. */
  tryAcquire(): boolean {
    return flock(this.#file.fd, LOCK_EX | LOCK_NB);
  }

  /** Whether what is locked is still what has this name. @throws ENOENT */
  async isAt(path: string): Promise<boolean> {
    const [locked, named] = await Promise.all([this.#file.stat(), stat(path)]);
    return locked.ino === named.ino && locked.dev === named.dev;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }

  async #wait(operation: number, signal: AbortSignal): Promise<void> {
    while (!flock(this.#file.fd, operation | LOCK_NB)) await sleep(20, undefined, { signal });
  }
}
