import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';

/** A fresh ext4 file system in a sparse file: deleting and unpacking on one that is in use costs seconds more. */
export class LoopDisk implements Disposable {
  readonly folder: string;
  readonly #home: string;

  private constructor(home: string) {
    this.#home = home;
    this.folder = path.join(home, 'disk');
  }

  /** @throws Error when loop devices or mkfs.ext4 are not to be had */
  static make(): LoopDisk {
    const home = mkdtempSync('/tmp/bl-');
    const disk = new LoopDisk(home);
    const image = path.join(home, 'image');
    try {
      mkdirSync(disk.folder);
      execFileSync('truncate', ['-s', '6G', image]);
      execFileSync('mkfs.ext4', ['-q', '-E', 'lazy_itable_init=0,lazy_journal_init=0', image], { stdio: 'ignore' });
      execFileSync('mount', ['-o', 'loop', image, disk.folder], { stdio: 'ignore' });
      return disk;
    } catch (cause) {
      rmSync(home, { recursive: true });
      throw new Error('a file system on a loop device could not be made', { cause });
    }
  }

  /** Until all is on the disk. */
  sync(): void {
    execFileSync('sync', ['-f', this.folder]);
  }

  [Symbol.dispose](): void {
    // Also the loop device: `-o loop` gave it the autoclear flag.
    if (spawnSync('umount', [this.folder]).status !== 0) spawnSync('umount', ['-l', this.folder]);
    rmSync(this.#home, { recursive: true, force: true });
  }
}
