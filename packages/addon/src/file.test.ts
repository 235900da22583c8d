import assert from 'node:assert/strict';
import { constants, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import * as file from './file.ts';
import { AT_REMOVEDIR, AT_SYMLINK_NOFOLLOW, O_PATH, RENAME_NOREPLACE, RESOLVE_IN_ROOT } from './flag.ts';
import { getPeerCredentials } from './socket.ts';
import { getXattr, listXattrs, removeXattr, setXattr } from './xattr.ts';

describe('addon', () => {
  let folder: string;
  let dirfd: number;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'berth-addon-'));
    dirfd = file.openat2(-100, folder, { flags: O_PATH | constants.O_DIRECTORY });
  });
  after(() => {
    file.close(dirfd);
    rmSync(folder, { recursive: true });
  });

  it('names errno, call and path in errors', () => {
    assert.throws(
      () => file.openat2(dirfd, 'missing', { flags: 0 }),
      (error: NodeJS.ErrnoException) => {
        assert.equal(error.code, 'ENOENT');
        assert.equal(error.errno, -2);
        assert.equal(error.syscall, 'openat2');
        assert.match(error.message, /missing/);
        return true;
      },
    );
    assert.equal(file.openIfThere(dirfd, 'missing', { flags: 0 }), undefined);
  });

  it('refuses names with NUL and names longer than a path can be', () => {
    assert.throws(() => file.mkdirat(dirfd, 'a\0b', 0o755), { code: 'EINVAL' });
    assert.throws(() => file.mkdirat(dirfd, new Uint8Array([65, 0, 66]), 0o755), { code: 'EINVAL' });
    assert.throws(() => file.mkdirat(dirfd, 'a'.repeat(5000), 0o755), { code: 'ENAMETOOLONG' });
    assert.throws(() => file.mkdirat(dirfd, 'é'.repeat(4096), 0o755), { code: 'ENAMETOOLONG' });
    assert.throws(() => file.mkdirat(dirfd, 7 as never, 0o755), { code: 'EINVAL' });
  });

  it('takes names that are not UTF-8 as bytes', () => {
    const name = Buffer.from([0x66, 0xff, 0xfe]);
    file.mkdirat(dirfd, name, 0o755);
    file.unlinkat(dirfd, name, AT_REMOVEDIR);
  });

  it('stays in the root when links lead out of it', () => {
    file.mkdirat(dirfd, 'root', 0o755);
    symlinkSync('../../../../outside', join(folder, 'root', 'link'));
    const root = file.openat2(dirfd, 'root', { flags: O_PATH | constants.O_DIRECTORY });
    assert.throws(() => file.openat2(root, 'link', { flags: O_PATH, resolve: RESOLVE_IN_ROOT }), { code: 'ENOENT' });
    assert.equal(file.readlinkat(root, 'link').toString(), '../../../../outside');
    file.close(root);
  });

  it('sets times to the nanosecond, of links too', () => {
    writeFileSync(join(folder, 'timed'), 'x');
    const times = {
      atime: { seconds: 1, nanoseconds: 2 },
      mtime: { seconds: 1_234_567_890, nanoseconds: 123_456_789 },
    };
    file.utimensat(dirfd, 'timed', times, AT_SYMLINK_NOFOLLOW);
    assert.equal(statSync(join(folder, 'timed'), { bigint: true }).mtimeNs, 1_234_567_890_123_456_789n);
  });

  it('renames without replacing, links, removes', () => {
    writeFileSync(join(folder, 'one'), '1');
    file.linkat({ dirfd, name: 'one' }, dirfd, 'two');
    assert.equal(statSync(join(folder, 'two')).nlink, 2);
    assert.throws(() => file.renameat2({ dirfd, name: 'one' }, dirfd, 'two', RENAME_NOREPLACE), { code: 'EEXIST' });
    file.unlinkat(dirfd, 'one');
    assert.equal(readFileSync(join(folder, 'two'), 'utf8'), '1');
  });

  it('keeps extended attributes by descriptor and by name', (test) => {
    writeFileSync(join(folder, 'marked'), '');
    const place = { dirfd, name: 'marked' };
    try {
      setXattr(place, 'user.berth', Buffer.from([0, 1, 255]));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOTSUP') return test.skip('no user xattrs on this file system');
      throw error;
    }
    assert.deepEqual([...getXattr(place, 'user.berth')!], [0, 1, 255]);
    assert.ok(listXattrs(place).includes('user.berth'));
    removeXattr(place, 'user.berth');
    assert.equal(getXattr(place, 'user.berth'), undefined);
  });

  it('knows who is at the other end of a socket', async () => {
    const path = join(folder, 'socket');
    const { promise, resolve } = Promise.withResolvers<number>();
    const server = createServer((socket) => {
      const fd = (socket as unknown as { _handle: { fd: number } })._handle.fd;
      resolve(getPeerCredentials(fd).pid);
      socket.end();
    });
    await new Promise<void>((done) => server.listen(path, done));
    const client = connect(path);
    assert.equal(await promise, process.pid);
    client.destroy();
    await new Promise((done) => server.close(done));
  });
});
