import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  lchownSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { zstdCompressSync, gzipSync } from 'node:zlib';
import { setXattr } from '@berth/addon/xattr';
import { sha256 } from '@berth/model/digest';
import { applyLayer } from '@berth/image/layer/apply';
import { treeLines } from './tree.ts';
import { needsRoot, Workplace } from './workplace.ts';

/** A tree with everything that layers can hold. */
function makeTree(root: string): void {
  const at = (name: string) => join(root, name);
  mkdirSync(at('usr/bin'), { recursive: true });
  writeFileSync(at('usr/bin/plain'), 'plain');
  writeFileSync(at('usr/bin/setuid'), 'setuid');
  lchownSync(at('usr/bin/setuid'), 1000, 2000);
  chmodSync(at('usr/bin/setuid'), 0o6751);
  writeFileSync(at('usr/bin/capable'), 'capable');
  execFileSync('setcap', ['cap_net_bind_service,cap_net_raw+ep', at('usr/bin/capable')]);
  const dirfd = openSync(root, 'r');
  setXattr({ dirfd, name: 'usr/bin/plain' }, 'user.note', Buffer.from([0, 1, 10, 255]));
  setXattr({ dirfd, name: 'usr' }, 'user.folder', Buffer.from('yes'));
  closeSync(dirfd);
  linkSync(at('usr/bin/plain'), at('usr/bin/linked'));
  linkSync(at('usr/bin/capable'), at('linked-capable'));
  symlinkSync('../../../..//etc/passwd', at('usr/bin/link'));
  symlinkSync('x'.repeat(300), at('long-link'));
  lchownSync(at('long-link'), 77, 88);
  mkdirSync(at('d'.repeat(90)));
  mkdirSync(at(`${'d'.repeat(90)}/${'e'.repeat(90)}`));
  writeFileSync(at(`${'d'.repeat(90)}/${'e'.repeat(90)}/${'f'.repeat(120)}`), 'deep');
  writeFileSync(at('grüße ✓'), 'utf-8');
  writeFileSync(Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0x62, 0xff, 0xfe])]), 'no utf-8');
  writeFileSync(at('empty'), '');
  writeFileSync(at('block'), Buffer.alloc(1024, 'b'));
  mkdirSync(at('sticky'));
  chmodSync(at('sticky'), 0o1777);
  execFileSync('mknod', ['-m', '620', at('tty'), 'c', '4', '65']);
  execFileSync('mknod', ['-m', '660', at('disk'), 'b', '259', '70000']);
  execFileSync('mkfifo', ['-m', '644', at('fifo')]);
  makeSparse(at('sparse'));
  writeFileSync(at('old'), 'old');
  utimesSync(at('old'), 1, 1.000001);
  lutimesSync(at('usr/bin/link'), 5, 1_000_000_000.5);
  utimesSync(at('sticky'), 5, 1_234_567_890.123);
  writeFileSync(at('big-id'), '');
  lchownSync(at('big-id'), 4_000_000_000, 3_000_000);
}

function makeSparse(path: string): void {
  const fd = openSync(path, 'w');
  for (let piece = 0; piece < 40; piece++) writeSync(fd, Buffer.alloc(4096, 65 + piece), 0, 4096, piece * 262_144);
  closeSync(fd);
  truncateSync(path, 20_000_000);
}

const formats = {
  pax: ['--format=pax'],
  'pax, sparse 1.0': ['--format=pax', '--sparse', '--sparse-version=1.0'],
  'pax, sparse 0.1': ['--format=pax', '--sparse', '--sparse-version=0.1'],
  'pax, sparse 0.0': ['--format=pax', '--sparse', '--sparse-version=0.0'],
  gnu: ['--format=gnu'],
  'gnu, sparse': ['--format=gnu', '--sparse'],
};

describe('a layer made by GNU tar', { skip: needsRoot }, () => {
  for (const [name, options] of Object.entries(formats)) {
    it(`unpacks to the tree that GNU tar unpacks it to (${name})`, async () => {
      using place = new Workplace();
      const tree = place.folder();
      makeTree(tree);
      const tar = join(place.path, 'layer.tar');
      const xattrs = name.startsWith('pax') ? ['--xattrs', '--xattrs-include=*'] : [];
      execFileSync('tar', ['-C', tree, ...options, ...xattrs, '--numeric-owner', '-cf', tar, '.']);
      const expected = place.folder();
      execFileSync('tar', ['-C', expected, ...xattrs, '--numeric-owner', '-xpf', tar]);
      const actual = place.folder();
      const result = await applyLayer({ source: { path: tar }, compression: 'none', unpackTo: actual });
      assert.deepEqual(treeLines(actual), treeLines(expected));
      assert.equal(result.diffId, sha256(readFileSync(tar)));
      assert.equal(result.digest, result.diffId);
      if (name.includes('sparse')) assert.ok(statSync(join(actual, 'sparse')).blocks < 1000, 'holes stay holes');
      const names = execFileSync('tar', ['-tf', tar], { encoding: 'utf8' }).trim().split('\n');
      assert.equal(result.entries, names.length);
    });
  }

  it('gives the same tree from gzip, many gzip members and zstd', async () => {
    using place = new Workplace();
    const tree = place.folder();
    makeTree(tree);
    const tar = execFileSync(
      'tar',
      ['-C', tree, '--format=pax', '--sparse', '--xattrs', '--xattrs-include=*', '-c', '.'],
      { maxBuffer: 1 << 28 },
    );
    const plain = place.folder();
    await applyLayer({ source: { path: place.file(tar) }, compression: 'none', unpackTo: plain });
    const members = Array.from({ length: Math.ceil(tar.length / 70_001) }, (_, n) =>
      gzipSync(tar.subarray(n * 70_001, (n + 1) * 70_001)),
    );
    const blobs = [
      ['gzip', gzipSync(tar)],
      ['gzip', Buffer.concat(members)],
      ['zstd', zstdCompressSync(tar)],
    ] as const;
    for (const [compression, blob] of blobs) {
      const folder = place.folder();
      const copyTo = join(place.path, 'copy');
      const expect = { digest: sha256(blob), size: blob.length, diffId: sha256(tar) };
      // The blob lies somewhere in a larger file, as in an archive.
      const path = place.file(Buffer.concat([Buffer.alloc(1536, 1), blob, Buffer.alloc(700, 2)]));
      await applyLayer({
        source: { path, offset: 1536, length: blob.length },
        compression,
        unpackTo: folder,
        copyTo,
        expect,
      });
      assert.deepEqual(treeLines(folder), treeLines(plain));
      assert.equal(sha256(readFileSync(copyTo)), expect.digest);
    }
    assert.ok(readdirSync(plain).length > 10);
  });
});
