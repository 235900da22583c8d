import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  closeSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { getXattr } from '@berth/addon/xattr';
import { adoptFolders } from '@berth/image/layer/adopt-folders';
import { needsRoot, Workplace } from './workplace.ts';

function opaque(folder: string): string | undefined {
  const fd = openSync(folder, 'r');
  try {
    return getXattr(fd, 'trusted.overlay.opaque')?.toString();
  } finally {
    closeSync(fd);
  }
}

function isWhiteout(path: string): boolean {
  const found = lstatSync(path);
  return found.isCharacterDevice() && found.rdev === 0;
}

describe('whiteouts as overlayfs marks', { skip: needsRoot }, () => {
  it('become a 0:0 device, and an attribute of the folder', async () => {
    using place = new Workplace();
    const into = place.folder();
    await place.unpack(
      [
        { name: 'etc/.wh.passwd', uid: 12, gid: 13 },
        { name: 'var/', flag: '5' },
        { name: 'var/.wh..wh..opq' },
        { name: 'var/new', content: 'x' },
        { name: '.wh..wh.plnk', flag: '5' },
        { name: '.wh..wh.plnk/1.2', content: 'aufs' },
        { name: '.wh.top' },
      ],
      into,
    );
    assert.ok(isWhiteout(join(into, 'etc/passwd')));
    assert.equal(lstatSync(join(into, 'etc/passwd')).uid, 12);
    assert.ok(isWhiteout(join(into, 'top')));
    assert.equal(opaque(join(into, 'var')), 'y');
    assert.deepEqual(readdirSync(into).sort(), ['etc', 'top', 'var']);
  });

  it('of the root make the whole layer opaque', async () => {
    using place = new Workplace();
    const into = place.folder();
    await place.unpack([{ name: '.wh..wh..opq' }], into);
    assert.equal(opaque(into), 'y');
  });

  it('hide only lower layers: what the same layer has stays, before and after the mark', async () => {
    using place = new Workplace();
    const into = place.folder();
    await place.unpack(
      [
        { name: 'a', content: 'kept' },
        { name: '.wh.a' },
        { name: 'dir/', flag: '5' },
        { name: 'dir/x', content: 'x' },
        { name: '.wh.dir' },
        { name: '.wh.later' },
        { name: 'later/', flag: '5' },
        { name: '.wh.file' },
        { name: 'file', content: 'new' },
      ],
      into,
    );
    assert.equal(readFileSync(join(into, 'a'), 'utf8'), 'kept');
    assert.equal(readFileSync(join(into, 'dir/x'), 'utf8'), 'x');
    assert.equal(opaque(join(into, 'dir')), 'y');
    assert.equal(opaque(join(into, 'later')), 'y');
    assert.equal(readFileSync(join(into, 'file'), 'utf8'), 'new');
  });

  it('are what the kernel makes of them', async (test) => {
    using place = new Workplace();
    const [lower, upper, merged] = [place.folder(), place.folder(), place.folder()];
    await place.unpack(
      [
        { name: 'gone', content: '1' },
        { name: 'dir/old', content: '1' },
        { name: 'kept/file', content: '1' },
        { name: 'replaced/inside', content: '1' },
      ],
      lower,
    );
    await place.unpack(
      [
        { name: '.wh.gone' },
        { name: 'dir/.wh..wh..opq' },
        { name: 'dir/new', content: '2' },
        { name: '.wh.replaced' },
        { name: 'replaced/', flag: '5' },
      ],
      upper,
    );
    try {
      execFileSync('mount', ['-t', 'overlay', 'overlay', '-o', `lowerdir=${upper}:${lower}`, merged], {
        stdio: 'pipe',
      });
    } catch (error) {
      return test.skip(`overlayfs cannot be mounted here: ${String(error)}`);
    }
    try {
      assert.deepEqual(readdirSync(merged).sort(), ['dir', 'kept', 'replaced']);
      assert.deepEqual(readdirSync(join(merged, 'dir')), ['new']);
      assert.deepEqual(readdirSync(join(merged, 'replaced')), []);
    } finally {
      execFileSync('umount', [merged]);
    }
  });
});

describe('whiteouts as removals', { skip: needsRoot }, () => {
  it('remove what lower layers have and nothing of this one', async () => {
    using place = new Workplace();
    const into = place.folder();
    for (const name of ['dir/sub', 'dir/both', 'other']) mkdirSync(join(into, name), { recursive: true });
    for (const name of ['gone', 'dir/old', 'dir/sub/deep', 'dir/both/old', 'other/x'])
      writeFileSync(join(into, name), 'lower');
    await place.unpack(
      [
        { name: '.wh.gone' },
        { name: 'dir/new', content: 'new' },
        { name: 'dir/both/new', content: 'new' },
        { name: 'dir/.wh..wh..opq' },
        { name: '.wh.other' },
        { name: 'dir/.wh.new' },
        { name: '.wh.never' },
      ],
      into,
      { whiteouts: 'remove' },
    );
    assert.deepEqual(readdirSync(into, { recursive: true }).map(String).sort(), [
      'dir',
      'dir/both',
      'dir/both/new',
      'dir/new',
    ]);
  });
});

describe('entries', { skip: needsRoot }, () => {
  it('replace earlier ones of the same name; folders keep what is in them', async () => {
    using place = new Workplace();
    const into = place.folder();
    await place.unpack(
      [
        { name: 'a', content: 'first' },
        { name: './a', content: 'second' },
        { name: 'd/', flag: '5', mode: 0o700 },
        { name: 'd/in', content: 'in' },
        { name: 'd', flag: '5', mode: 0o711 },
        { name: 'f', content: 'file' },
        { name: 'f/', flag: '5' },
        { name: 'f/x', content: 'x' },
        { name: 'g/', flag: '5' },
        { name: 'g/deep/er', content: 'x' },
        { name: 'g', content: 'now a file' },
        { name: 'l', flag: '2', linkName: 'd' },
        { name: 'l', content: 'no link' },
        { name: 'd/in', flag: '2', linkName: '/etc/shadow' },
      ],
      into,
    );
    assert.equal(readFileSync(join(into, 'a'), 'utf8'), 'second');
    assert.equal(statSync(join(into, 'd')).mode & 0o7777, 0o711);
    assert.equal(readlinkSync(join(into, 'd/in')), '/etc/shadow');
    assert.equal(readFileSync(join(into, 'f/x'), 'utf8'), 'x');
    assert.equal(readFileSync(join(into, 'g'), 'utf8'), 'now a file');
    assert.equal(readFileSync(join(into, 'l'), 'utf8'), 'no link');
  });

  it('set the root itself, and folder times last', async () => {
    using place = new Workplace();
    const into = place.folder();
    const mtime = { seconds: 1_000_000_000, nanoseconds: 42 };
    await place.unpack(
      [
        { name: './', flag: '5', mode: 0o711, uid: 5, mtime },
        { name: 'd/', flag: '5', mtime },
        { name: 'd/x', content: 'x' },
      ],
      into,
    );
    assert.equal(statSync(into).mode & 0o7777, 0o711);
    assert.equal(statSync(into).uid, 5);
    assert.equal(statSync(into, { bigint: true }).mtimeNs, 1_000_000_000_000_000_042n);
    assert.equal(statSync(join(into, 'd'), { bigint: true }).mtimeNs, 1_000_000_000_000_000_042n);
  });

  it('go through links of the layer, inside the root, also when their target is not there yet', async () => {
    using place = new Workplace();
    const into = place.folder();
    await place.unpack(
      [
        { name: 'var/run', flag: '2', linkName: '/run' },
        { name: 'var/run/pid', content: '1' },
        { name: 'lib', flag: '2', linkName: 'usr/lib' },
        { name: 'lib/x.so', content: 'so' },
      ],
      into,
    );
    assert.equal(readFileSync(join(into, 'run/pid'), 'utf8'), '1');
    assert.equal(readFileSync(join(into, 'usr/lib/x.so'), 'utf8'), 'so');
  });

  it('may not set attributes of overlayfs', async () => {
    using place = new Workplace();
    const into = place.folder();
    const xattrs = new Map([
      ['trusted.overlay.redirect', Buffer.from('/x')],
      ['user.overlay.opaque', Buffer.from('y')],
      ['user.ok', Buffer.from('1')],
    ]);
    await place.unpack(
      [
        { name: 'd/', flag: '5', xattrs },
        { name: 'link', flag: '2', linkName: 'x', xattrs },
      ],
      into,
    );
    const fd = openSync(join(into, 'd'), 'r');
    assert.equal(getXattr(fd, 'trusted.overlay.redirect'), undefined);
    assert.equal(getXattr(fd, 'user.overlay.opaque'), undefined);
    assert.equal(getXattr(fd, 'user.ok')?.toString(), '1');
    closeSync(fd);
  });

  it('leave folders that only they imply to root, or to the lower layer', async () => {
    using place = new Workplace();
    const [lower, alone, above, later] = [place.folder(), place.folder(), place.folder(), place.folder()];
    await place.unpack(
      [{ name: 'etc/', flag: '5', mode: 0o2750, uid: 7, gid: 8, mtime: { seconds: 99, nanoseconds: 5 } }],
      lower,
    );
    const members = [{ name: 'etc/x/y', content: 'y' }];
    const without = await place.unpack(members, alone);
    assert.deepEqual([...without.impliedFolders].sort(), ['etc', 'etc/x']);
    assert.equal(statSync(join(alone, 'etc')).mode & 0o7777, 0o755);
    const within = await place.unpack(members, above, { parents: [alone, lower] });
    assert.deepEqual(within.impliedFolders, []);
    const result = await place.unpack(members, later);
    assert.deepEqual(adoptFolders(later, result.impliedFolders, [lower]), ['etc/x']);
    const found = statSync(join(later, 'etc'));
    assert.deepEqual([found.mode & 0o7777, found.uid, found.gid], [0o2750, 7, 8]);
    assert.ok(existsSync(join(later, 'etc/x/y')));
  });
});
