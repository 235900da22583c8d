import * as file from '@berth/addon/file';
import { AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW } from '@berth/addon/flag';
import { setXattr } from '@berth/addon/xattr';
import { BerthError, errnoName } from '@berth/model/error';
import { readable, type TarEntry, type TarTime } from '../tar/entry.ts';
import type { Place } from './remove-tree.ts';

/** Owner, then attributes, then mode: a chown drops setuid bits and security.capability. */
export function setFileMetadata(fd: number, entry: TarEntry): void {
  file.fchownat(fd, '', ownerOf(entry), AT_EMPTY_PATH);
  setXattrs(fd, entry);
  file.fchmod(fd, entry.mode);
}

/** As above for what cannot be opened: devices, fifos, links. */
export function setNodeMetadata(place: Place, entry: TarEntry): void {
  file.fchownat(place.dirfd, place.name, ownerOf(entry), AT_SYMLINK_NOFOLLOW);
  setXattrs(place, entry);
  // Linux keeps no mode for links.
  if (entry.type !== 'symlink') file.fchmodat(place.dirfd, place.name, entry.mode, AT_SYMLINK_NOFOLLOW);
  file.utimensat(place.dirfd, place.name, timesOf(entry), AT_SYMLINK_NOFOLLOW);
}

const largestId = 0xffff_fffe;

function ownerOf({ uid, gid, name }: TarEntry): { uid: number; gid: number } {
  // -1 would tell chown(2) to keep the owner.
  if (uid < 0 || gid < 0 || uid > largestId || gid > largestId) {
    throw new BerthError(
      'invalid_argument',
      `layer entry '${readable(name)}' has owner ${uid}:${gid}, which Linux cannot express`,
      { code: 'bad_tar' },
    );
  }
  return { uid, gid };
}

/**
 * Attributes that a layer may not set: `trusted.*` (containerd refuses them all) and `user.overlay.*` would
 * let it talk to overlayfs: redirects, opaque marks, metacopy.
 */
const refused = /^(?:trusted\.|user\.overlay\.)/;

function setXattrs(place: number | Place, entry: TarEntry): void {
  for (const [key, value] of entry.xattrs) {
    if (refused.test(key)) continue;
    try {
      setXattr(place, key, value);
    } catch (error) {
      // docker and containerd leave attributes out that the file system or the kind of file does not take.
      const errno = errnoName(error);
      if (errno !== 'ENOTSUP' && errno !== 'EOPNOTSUPP' && errno !== 'EPERM') throw error;
    }
  }
}

const epoch: TarTime = { seconds: 0, nanoseconds: 0 };
/** Go's time bound, 2262: beyond it docker and containerd write 1970. */
const lastSecond = 9_223_372_036;

/** Times as docker and containerd set them: bounded, and never accessed before modified. */
export function timesOf(entry: Pick<TarEntry, 'mtime' | 'atime'>): file.Times {
  const mtime = bounded(entry.mtime);
  const atime = bounded(entry.atime ?? mtime);
  return { atime: isLater(atime, mtime) ? atime : mtime, mtime };
}

function bounded(time: TarTime): TarTime {
  return time.seconds < 0 || time.seconds >= lastSecond ? epoch : time;
}

function isLater(a: TarTime, b: TarTime): boolean {
  return a.seconds > b.seconds || (a.seconds === b.seconds && a.nanoseconds > b.nanoseconds);
}
