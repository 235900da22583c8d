import { closeSync, constants, lstatSync, openSync, readdirSync, readlinkSync, symlinkSync } from 'node:fs';
import { chmodSync, copyFileSync, lchownSync, mkdirSync, type Stats, writeFileSync } from 'node:fs';
import { openIfThere } from '@berth/addon/file';
import { O_PATH, RESOLVE_IN_ROOT, RESOLVE_NO_MAGICLINKS } from '@berth/addon/flag';
import { BerthError, tolerate } from '@berth/model/error';
import type { LaunchContext } from './context.ts';
import { type FileOwner, fileOwner } from './file-owner.ts';

/**
 * Fills the tmpfs mounts of `tmpcopyup` with what the root file system has in their place. The files are read from the
 * host's view of the root, where the tmpfs does not cover them, and written into the container's view. Both are reached
 * by descriptors that cannot leave the root, whatever links it holds.
 */
export function copyUp({ spec, rootfs }: LaunchContext, pid: number): void {
  const owner = fileOwner(pid);
  for (const { destination, type, options = [] } of spec.mounts) {
    if (type !== 'tmpfs' || !options.includes('tmpcopyup')) continue;
    copyInto({ from: rootfs, to: `/proc/${pid}/root${rootfs}`, owner }, destination);
  }
}

interface Roots {
  readonly from: string;
  readonly to: string;
  readonly owner: FileOwner;
}

function copyInto({ from, to, owner }: Roots, destination: string): void {
  const source = openBelow(from, destination);
  if (source === undefined) return;
  try {
    const target = openBelow(to, destination);
    if (target === undefined) {
      throw new BerthError('internal', `tmpcopyup: ${destination} is not there in the container`, { code: 'copy_up' });
    }
    try {
      copyFolder(`/proc/self/fd/${source}`, `/proc/self/fd/${target}`, owner);
    } finally {
      closeSync(target);
    }
  } finally {
    closeSync(source);
  }
}

function openBelow(root: string, path: string): number | undefined {
  const fd = openSync(root, O_PATH | constants.O_DIRECTORY);
  try {
    const resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
    return openIfThere(fd, path, { flags: constants.O_RDONLY | constants.O_DIRECTORY, resolve });
  } finally {
    closeSync(fd);
  }
}

/** Nothing else writes to either side: the container's program has not begun, and links are copied, not followed. */
function copyFolder(from: string, to: string, owner: FileOwner): void {
  for (const name of readdirSync(from)) {
    const source = `${from}/${name}`;
    const target = `${to}/${name}`;
    const stat = lstatSync(source);
    if (stat.isDirectory()) {
      owner.asRoot(() => mkdirSync(target));
      copyFolder(source, target, owner);
    } else if (stat.isSymbolicLink()) {
      const link = readlinkSync(source);
      owner.asRoot(() => symlinkSync(link, target));
    } else if (stat.isFile()) {
      // Made by who may make it, filled by who may read the other one.
      owner.asRoot(() => writeFileSync(target, '', { flag: 'wx' }));
      copyFileSync(source, target);
    }
    // Devices and sockets have no content to bring along.
    else continue;
    takeOver(target, stat, owner);
  }
}

/** The owner first: a change of it clears the set-id bits. */
function takeOver(target: string, stat: Stats, owner: FileOwner): void {
  // Without root files can be given to nobody else: they stay those of the container's root.
  tolerate(['EPERM'], () => lchownSync(target, owner.uid(stat.uid), owner.gid(stat.gid)));
  if (!stat.isSymbolicLink()) chmodSync(target, stat.mode & 0o7777);
}
