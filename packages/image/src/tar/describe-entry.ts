import type { EntryType, TarEntry } from './entry.ts';
import type { Header } from './header.ts';
import { paxInteger, type PaxRecords, paxTime, paxXattrs } from './pax.ts';
import { checkMap, type SparseMap } from './sparse.ts';

const types: Readonly<Record<string, EntryType>> = {
  '\0': 'file',
  '0': 'file',
  '7': 'file',
  S: 'file',
  '1': 'hardlink',
  '2': 'symlink',
  '3': 'char',
  '4': 'block',
  '5': 'folder',
  '6': 'fifo',
};

/** Whether content follows a header of this type; types that nobody knows are read as files are (POSIX). */
export function hasContent(flag: string): boolean {
  return (types[flag] ?? 'file') === 'file';
}

/** All that was read about one member. */
export interface EntryParts {
  readonly header: Header;
  readonly records: PaxRecords;
  /** GNU's long names, types `L` and `K`. */
  readonly longName: string | undefined;
  readonly longLink: string | undefined;
  readonly map: SparseMap | undefined;
  readonly storedSize: number;
  /** Where the content starts in the archive. */
  readonly offset: number;
}

/** Puts an entry together: PAX records before GNU's long names before the header's own fields. */
export function describeEntry({ header, records, longName, longLink, map, storedSize, offset }: EntryParts): TarEntry {
  const name = records.get('GNU.sparse.name') || records.get('path') || longName || header.name;
  if (map !== undefined) checkMap(map, storedSize, name);
  const atime = paxTime(records, 'atime');
  return {
    // Before POSIX a folder was a file whose name ends in a slash.
    type: header.flag === '\0' && name.endsWith('/') ? 'folder' : (types[header.flag] ?? 'other'),
    flag: header.flag,
    name,
    linkName: records.get('linkpath') || longLink || header.linkName,
    mode: header.mode & 0o7777,
    uid: paxInteger(records, 'uid') ?? header.uid,
    gid: paxInteger(records, 'gid') ?? header.gid,
    userName: records.get('uname') || header.userName,
    groupName: records.get('gname') || header.groupName,
    size: map?.realSize ?? storedSize,
    storedSize,
    offset,
    mtime: paxTime(records, 'mtime') ?? { seconds: header.mtime, nanoseconds: 0 },
    ...(atime === undefined ? {} : { atime }),
    major: header.major,
    minor: header.minor,
    xattrs: paxXattrs(records),
    ...(map === undefined ? {} : { segments: map.segments }),
  };
}
