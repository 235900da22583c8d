import { table } from './load.ts';
import { type Name, outcome } from './outcome.ts';

/** How openat2(2) opens. `O_CLOEXEC` is always added. */
export interface OpenHow {
  /** `O_*` of node:fs constants, and `O_PATH` of ./flag. */
  readonly flags: number;
  /** Permission bits of a new file, before umask. */
  readonly mode?: number;
  /** `RESOLVE_*` of ./flag. */
  readonly resolve?: number;
}

/** A point in time since 1970, utimensat(2). `seconds` may be negative, `nanoseconds` never. */
export interface Timestamp {
  readonly seconds: number;
  readonly nanoseconds: number;
}

const native = table();

/** Opens `name` below the folder `dirfd`; the descriptor is the caller's, to be closed with `close`. */
export function openat2(dirfd: number, name: Name, how: OpenHow): number {
  return outcome(native['openat2']!(dirfd, name, how.flags, how.mode ?? 0, how.resolve ?? 0), 'openat2', name);
}

/** As `openat2`; undefined instead of an error when the name (or a folder on the way) is not there. */
export function openIfThere(dirfd: number, name: Name, how: OpenHow): number | undefined {
  const result = native['openat2']!(dirfd, name, how.flags, how.mode ?? 0, how.resolve ?? 0);
  return result === notThere ? undefined : outcome(result, 'openat2', name);
}

const notThere = -2;

/** Closes a descriptor that this package opened (fs.closeSync warns about those in worker threads). */
export function close(fd: number): void {
  outcome(native['close']!(fd), 'close');
}

export function mkdirat(dirfd: number, name: Name, mode: number): void {
  outcome(native['mkdirat']!(dirfd, name, mode), 'mkdirat', name);
}

/** `mode` carries the kind (`S_IFCHR`, ...) and the permissions before umask. */
export function mknodat(dirfd: number, name: Name, mode: number, device = { major: 0, minor: 0 }): void {
  outcome(native['mknodat']!(dirfd, name, mode, device.major, device.minor), 'mknodat', name);
}

export function symlinkat(target: Name, dirfd: number, name: Name): void {
  outcome(native['symlinkat']!(target, dirfd, name), 'symlinkat', name);
}

/** The bytes of a symbolic link. */
export function readlinkat(dirfd: number, name: Name): Buffer {
  const target = Buffer.allocUnsafe(4096);
  return target.subarray(0, outcome(native['readlinkat']!(dirfd, name, target), 'readlinkat', name));
}

/** A hard link; the last component of `from` is not followed unless `flags` has `AT_SYMLINK_FOLLOW`. */
export function linkat(from: { dirfd: number; name: Name }, dirfd: number, name: Name, flags = 0): void {
  outcome(native['linkat']!(from.dirfd, from.name, dirfd, name, flags), 'linkat', name);
}

/** Removes a name; a folder (empty) with `AT_REMOVEDIR`. */
export function unlinkat(dirfd: number, name: Name, flags = 0): void {
  outcome(native['unlinkat']!(dirfd, name, flags), 'unlinkat', name);
}

export function renameat2(from: { dirfd: number; name: Name }, dirfd: number, name: Name, flags = 0): void {
  outcome(native['renameat2']!(from.dirfd, from.name, dirfd, name, flags), 'renameat2', name);
}

/** With an empty name and `AT_EMPTY_PATH`: the descriptor itself. */
export function fchownat(dirfd: number, name: Name, owner: { uid: number; gid: number }, flags: number): void {
  outcome(native['fchownat']!(dirfd, name, owner.uid, owner.gid, flags), 'fchownat', name);
}

export function fchmod(fd: number, mode: number): void {
  outcome(native['fchmod']!(fd, mode), 'fchmod');
}

export function fchmodat(dirfd: number, name: Name, mode: number, flags: number): void {
  outcome(native['fchmodat']!(dirfd, name, mode, flags), 'fchmodat', name);
}

/** Sets both times of a name, of a link itself with `AT_SYMLINK_NOFOLLOW`. */
export function utimensat(dirfd: number, name: Name, times: Times, flags: number): void {
  const { atime, mtime } = times;
  const result = native['utimensat']!(
    dirfd,
    name,
    atime.seconds,
    atime.nanoseconds,
    mtime.seconds,
    mtime.nanoseconds,
    flags,
  );
  outcome(result, 'utimensat', name);
}

export interface Times {
  readonly atime: Timestamp;
  readonly mtime: Timestamp;
}

/** Sets both times of an open file. */
export function futimens(fd: number, { atime, mtime }: Times): void {
  const result = native['futimens']!(fd, atime.seconds, atime.nanoseconds, mtime.seconds, mtime.nanoseconds);
  outcome(result, 'futimens');
}

/** Writes everything of the file system that holds `fd` to disk, syncfs(2). */
export function syncfs(fd: number): void {
  outcome(native['syncfs']!(fd), 'syncfs');
}

/**
 * Tells the kernel to begin writing a file's pages to disk, sync_file_range(2), so that a later `syncfs` has
 * less to wait for. A hint: file systems that cannot do it are left as they are.
 */
export function startWriteback(fd: number): void {
  native['sync_file_range']!(fd, 0, 0, syncFileRangeWrite);
}

const syncFileRangeWrite = 2;

/** Takes or drops the lock of a whole file; false when `LOCK_NB` was given and somebody else holds it. */
export function flock(fd: number, operation: number): boolean {
  const result = native['flock']!(fd, operation);
  return result === wouldBlock ? false : outcome(result, 'flock') >= 0;
}

const wouldBlock = -11;
