import { constants, readdirSync } from 'node:fs';
import * as file from '@berth/addon/file';
import { AT_REMOVEDIR, RESOLVE_BENEATH, RESOLVE_NO_SYMLINKS } from '@berth/addon/flag';
import type { Name } from '@berth/addon/outcome';
import { errnoName } from '@berth/model/error';

/** A name in an open folder. */
export interface Place {
  readonly dirfd: number;
  readonly name: Name;
}

/** Removes whatever the name is, folders with everything in them. Links are removed, never followed. */
export function removeTree(place: Place): void {
  try {
    file.unlinkat(place.dirfd, place.name);
    return;
  } catch (error) {
    if (errnoName(error) === 'ENOENT') return;
    // POSIX says EPERM, Linux EISDIR.
    if (errnoName(error) !== 'EISDIR' && errnoName(error) !== 'EPERM') throw error;
  }
  emptyFolder(place, () => true);
  file.unlinkat(place.dirfd, place.name, AT_REMOVEDIR);
}

/** Removes those entries of a folder that `choose` names; the choice sees the raw bytes. */
export function emptyFolder(place: Place, choose: (name: Buffer) => boolean): void {
  const fd = openPlain(place);
  try {
    for (const name of readdirSync(`/proc/self/fd/${fd}`, { encoding: 'buffer' })) {
      if (choose(name)) removeTree({ dirfd: fd, name });
    }
  } finally {
    file.close(fd);
  }
}

/** The folder itself, for reading: fails when the name is a link. */
export function openPlain({ dirfd, name }: Place): number {
  const flags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
  return file.openat2(dirfd, name, { flags, resolve: RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS });
}
