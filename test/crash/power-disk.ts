import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import path from 'node:path';
import { SYS, syscall } from '@berth/addon/call';

/** Why tests that cut the power cannot run here; false when they can. */
export const whyNoPowerCut: string | false =
  process.getuid?.() !== 0
    ? 'needs root: it mounts file systems'
    : !existsSync('/usr/sbin/mkfs.ext4')
      ? 'needs mkfs.ext4 (e2fsprogs)'
      : !hasLoopDevice()
        ? 'needs a loop device'
        : false;

/** EXT4_IOC_SHUTDOWN, _IOR('X', 125, __u32), and EXT4_GOING_FLAGS_NOLOGFLUSH (the kernel's fs/ext4/ext4.h). */
const shutdown = 0x80_04_58_7d;
const noLogFlush = 2;

/**
 * An ext4 file system in a sparse file, whose power can be cut: what no sync has put on the disk is lost, as is the end
 * of the journal, and everything fails until it is mounted again.
 */
export class PowerDisk implements Disposable {
  /** Where it is mounted. */
  readonly folder: string;
  readonly #home: string;
  #isMounted = false;

  constructor(size = '1G') {
    this.#home = mkdtempSync('/tmp/bt-power-');
    this.folder = path.join(this.#home, 'disk');
    mkdirSync(this.folder);
    execFileSync('truncate', ['-s', size, this.#image]);
    execFileSync('mkfs.ext4', ['-q', '-E', 'lazy_itable_init=0,lazy_journal_init=0', this.#image], { stdio: 'ignore' });
    this.mount();
  }

  get #image(): string {
    return path.join(this.#home, 'image');
  }

  /**
   * After a cut this is when the journal is recovered. Half of the times without the favours that ext4 does to programs
   * that do not sync: data before metadata, and at renames (ext4(5): data=, noauto_da_alloc).
   */
  mount(): void {
    const options = Math.random() < 0.5 ? 'loop' : 'loop,data=writeback,noauto_da_alloc';
    execFileSync('mount', ['-o', options, this.#image, this.folder], { stdio: 'pipe' });
    this.#isMounted = true;
  }

  cutPower(): void {
    const fd = openSync(this.folder, 'r');
    try {
      const result = syscall(SYS.ioctl, fd, shutdown, new Uint8Array(Uint32Array.of(noLogFlush).buffer));
      if (result !== 0) throw new Error(`EXT4_IOC_SHUTDOWN: errno ${-result}`);
    } finally {
      closeSync(fd);
    }
  }

  /** @throws Error while anything has a file in it open */
  unmount(): void {
    execFileSync('umount', [this.folder], { stdio: 'pipe' });
    this.#isMounted = false;
  }

  /** What e2fsck says of the unmounted file system; throws when it is damaged. */
  check(): void {
    execFileSync('e2fsck', ['-f', '-n', this.#image], { stdio: 'pipe' });
  }

  [Symbol.dispose](): void {
    if (this.#isMounted && spawnSync('umount', [this.folder]).status !== 0) spawnSync('umount', ['-l', this.folder]);
    rmSync(this.#home, { recursive: true, force: true });
  }
}

function hasLoopDevice(): boolean {
  return spawnSync('losetup', ['-f'], { stdio: 'ignore' }).status === 0;
}
