import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { constants, linkSync, lstatSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import * as file from '@berth/addon/file';
import { AT_FDCWD, O_PATH, S_IFBLK, S_IFIFO } from '@berth/addon/flag';
import { setXattr } from '@berth/addon/xattr';
import { copyTree } from '@berth/engine/store/snapshot/copy-tree';
import { needsRoot, Workplace } from './workplace.ts';

/** All that GNU tar knows about a tree, in a stable order. */
function archive(folder: string): Buffer {
  const flags = [
    '--xattrs',
    '--xattrs-include=*',
    '--sort=name',
    '--format=posix',
    '--pax-option=delete=atime,delete=ctime',
  ];
  return execFileSync('tar', [...flags, '-C', folder, '-c', '.'], { maxBuffer: 64 << 20 });
}

describe('a copy of a tree', { skip: needsRoot }, () => {
  it('is the same to tar: kinds, owners, modes, times, links, attributes, names that are not UTF-8', async () => {
    using place = new Workplace();
    const [from, to] = [place.folder(), place.folder()];
    mkdirSync(path.join(from, 'deep', 'er'), { recursive: true });
    writeFileSync(path.join(from, 'deep', 'file'), 'text');
    linkSync(path.join(from, 'deep', 'file'), path.join(from, 'hard'));
    symlinkSync('/nowhere', path.join(from, 'link'));
    linkSync(path.join(from, 'link'), path.join(from, 'hard-link'));
    file.mknodat(AT_FDCWD, path.join(from, 'pipe'), S_IFIFO | 0o640);
    file.mknodat(AT_FDCWD, path.join(from, 'block'), S_IFBLK | 0o600, { major: 511, minor: 70_000 });
    writeFileSync(path.join(from, 'program'), 'x');
    const dirfd = file.openat2(AT_FDCWD, from, { flags: O_PATH | constants.O_DIRECTORY });
    file.mkdirat(dirfd, Buffer.from([0x66, 0xff, 0xfe]), 0o711);
    file.fchownat(dirfd, 'program', { uid: 1234, gid: 4321 }, 0);
    file.fchmodat(dirfd, 'program', 0o6755, 0);
    // cap_net_raw+ep, as setcap(8) writes it.
    setXattr(
      { dirfd, name: 'program' },
      'security.capability',
      Buffer.from('0100000200200000000000000000000000000000', 'hex'),
    );
    setXattr({ dirfd, name: 'deep' }, 'trusted.overlay.opaque', Buffer.from('y'));
    const times = { atime: { seconds: 5, nanoseconds: 6 }, mtime: { seconds: -7, nanoseconds: 123_456_789 } };
    for (const name of ['deep', 'link', 'pipe', 'program']) file.utimensat(dirfd, name, times, 0x100);
    file.close(dirfd);
    file.fchmodat(AT_FDCWD, from, 0o1777, 0);
    await copyTree(from, to);
    assert.ok(archive(from).equals(archive(to)));
    assert.equal(lstatSync(path.join(to, 'hard')).ino, lstatSync(path.join(to, 'deep', 'file')).ino);
    assert.notEqual(lstatSync(path.join(to, 'hard')).ino, lstatSync(path.join(from, 'hard')).ino);
  });
});
