import { type FileHandle, open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { flock } from '@berth/addon/file';
import { LOCK_EX, LOCK_NB, LOCK_SH, LOCK_UN } from '@berth/addon/flag';

/** A lock on a folder itself, flock(2): it leaves no file behind, and ends with the process. */
export class FolderLock implements AsyncDisposable {
  readonly #folder: FileHandle;

  static async open(path: string): Promise<FolderLock> {
    return new FolderLock(await open(path, 'r'));
  }

  private constructor(folder: FileHandle) {
    this.#folder = folder;
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
    return flock(this.#folder.fd, LOCK_EX | LOCK_NB);
  }

  release(): void {
    flock(this.#folder.fd, LOCK_UN);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#folder.close();
  }

  async #wait(operation: number, signal: AbortSignal): Promise<void> {
    while (!flock(this.#folder.fd, operation | LOCK_NB)) await sleep(20, undefined, { signal });
  }
}
