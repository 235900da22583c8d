import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import tarStream from 'tar-stream';
import { TarParser } from './parser.ts';
import { record, withPax } from './pax-fixture.ts';
import { piecesOf, type ReadEntry, readAllEntries } from './read-all.ts';
import { tarArchive, tarHeader, tarPadding } from './writer.ts';

const read = (bytes: Uint8Array): readonly ReadEntry[] => readAllEntries([bytes]);
const bad = { name: 'BerthError', kind: 'invalid_argument', code: 'bad_tar' };
const truncated = { name: 'BerthError', kind: 'data_loss', code: 'truncated' };

/** Rewrites bytes of a header and its checksum. */
function patched(archive: Buffer, at: number, bytes: string): Buffer {
  const copy = Buffer.from(archive);
  copy.write(bytes, at, 'latin1');
  copy.fill(0x20, 148, 156);
  const sum = copy.subarray(0, 512).reduce((total, byte) => total + byte, 0);
  copy.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return copy;
}

describe('TarParser', () => {
  it('reads what the writer writes, wherever the bytes are cut', () => {
    const members = [
      { name: 'dir/', flag: '5', mode: 0o1755, mtime: { seconds: -3, nanoseconds: 250_000_000 } },
      {
        name: `${'long/'.repeat(60)}name`,
        content: 'x'.repeat(1000),
        uid: 5_000_000,
        gid: 1,
        mtime: { seconds: 1_700_000_000, nanoseconds: 123_456_789 },
      },
      { name: 'link', flag: '2', linkName: '\xc3\xa4\xff'.repeat(50) },
      { name: 'dev', flag: '3', major: 8, minor: 1 },
      {
        name: 'attributes',
        xattrs: new Map([
          ['user.a', Buffer.from([0, 10, 255])],
          ['security.b', Buffer.alloc(0)],
        ]),
      },
      { name: 'old', mtime: { seconds: -1, nanoseconds: 500_000_000 }, userName: 'root', groupName: 'wheel' },
    ];
    const archive = tarArchive(members);
    const whole = read(archive);
    assert.deepEqual(
      whole.map(({ name }) => name),
      members.map(({ name }) => name),
    );
    assert.deepEqual(whole[0]!.mtime, members[0]!.mtime);
    assert.deepEqual([whole[1]!.uid, whole[1]!.content.length, whole[1]!.mtime], [5_000_000, 1000, members[1]!.mtime]);
    assert.equal(whole[2]!.linkName, members[2]!.linkName);
    assert.deepEqual([whole[3]!.type, whole[3]!.major, whole[3]!.minor], ['char', 8, 1]);
    assert.deepEqual([...whole[4]!.xattrs.get('user.a')!], [0, 10, 255]);
    assert.equal(whole[4]!.xattrs.get('security.b')?.length, 0);
    assert.deepEqual([whole[5]!.mtime, whole[5]!.userName], [members[5]!.mtime, 'root']);
    for (const size of [1, 7, 511, 512, 513, 1000]) assert.deepEqual(readAllEntries(piecesOf(archive, size)), whole);
    for (const { offset, storedSize, content } of whole)
      assert.deepEqual(archive.subarray(offset, offset + storedSize), content);
  });

  it('reads what tar-stream writes', async () => {
    const pack = tarStream.pack();
    pack.entry({ name: 'a'.repeat(150), mode: 0o640, uid: 1, gid: 2, mtime: new Date(5000) }, 'hello');
    pack.entry({ name: 'ümläut', type: 'symlink', linkname: 'b'.repeat(130) });
    pack.entry({ name: 'dir', type: 'directory' });
    pack.finalize();
    const chunks: Buffer[] = [];
    for await (const chunk of pack) chunks.push(chunk as Buffer);
    const [first, second, third] = readAllEntries(chunks);
    assert.deepEqual(
      [first!.name, first!.content.toString(), first!.mode, first!.mtime.seconds],
      ['a'.repeat(150), 'hello', 0o640, 5],
    );
    assert.deepEqual(
      [Buffer.from(second!.name, 'latin1').toString(), second!.linkName.length, second!.type],
      ['ümläut', 130, 'symlink'],
    );
    assert.equal(third!.type, 'folder');
  });

  it('is read by tar-stream and by GNU tar', async () => {
    const archive = tarArchive([
      { name: 'p'.repeat(120), content: 'one', mtime: { seconds: 7, nanoseconds: 5 } },
      { name: 'd/', flag: '5' },
      { name: 'h', flag: '1', linkName: 'd/x' },
    ]);
    const extract = tarStream.extract();
    extract.end(archive);
    const names: string[] = [];
    for await (const entry of extract) {
      names.push(entry.header.name);
      entry.resume();
    }
    assert.deepEqual(names, ['p'.repeat(120), 'd/', 'h']);
    const listed = execFileSync('tar', ['-tf', '-'], { input: archive, encoding: 'utf8' });
    assert.deepEqual(listed.trim().split('\n'), ['p'.repeat(120), 'd/', 'h']);
  });

  it('reads every format of GNU tar', () => {
    const folder = mkdtempSync(join(tmpdir(), 'berth-tar-'));
    try {
      const long = `${'n'.repeat(60)}/`.repeat(2);
      execFileSync('mkdir', ['-p', join(folder, long)]);
      writeFileSync(join(folder, long, 'file'), 'content');
      for (const format of ['v7', 'oldgnu', 'gnu', 'ustar', 'pax', 'posix']) {
        const options = format === 'v7' ? ['--exclude=*/*/file', '--no-recursion'] : [];
        const archive = execFileSync('tar', [
          '-C',
          folder,
          `--format=${format}`,
          ...options,
          '-c',
          format === 'v7' ? '.' : long,
        ]);
        const entries = read(archive);
        if (format === 'v7') assert.equal(entries[0]!.type, 'folder');
        else
          assert.deepEqual(
            entries.map(({ name, content }) => [name, content.toString()]),
            [
              [long, ''],
              [`${long}file`, 'content'],
            ],
          );
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('applies global headers, and local ones above them', () => {
    const body = record('mtime', '5.5') + record('comment', 'x') + record('SCHILY.xattr.user.a', 'ignored');
    const global = Buffer.concat([
      tarHeader({ name: 'g', flag: 'g', size: body.length }),
      Buffer.from(body),
      tarPadding(body.length),
    ]);
    const archive = Buffer.concat([
      global,
      tarHeader({ name: 'a' }),
      withPax(record('mtime', '6') + record('path', ''), { name: 'b' }),
    ]);
    const [a, b] = read(archive);
    assert.deepEqual([a!.mtime, a!.xattrs.size], [{ seconds: 5, nanoseconds: 500_000_000 }, 0]);
    assert.deepEqual([b!.name, b!.mtime.seconds], ['b', 6]);
  });

  it("reads libarchive's attributes where star's are missing", () => {
    const [entry] = read(
      withPax(
        record('LIBARCHIVE.xattr.user.a%3Db', 'AAE=') +
          record('LIBARCHIVE.xattr.user.c', 'AA==') +
          record('SCHILY.xattr.user.c', 'star'),
        { name: 'x' },
      ),
    );
    assert.deepEqual([...entry!.xattrs].map(([key, value]) => [key, Buffer.from(value).toString('hex')]).sort(), [
      ['user.a=b', '0001'],
      ['user.c', '73746172'],
    ]);
  });

  it('reads base-256 numbers, and signed checksums', () => {
    const header = tarHeader({ name: 'x' });
    const large = patched(header, 108, '\x80\x00\x00\x00\xee\x6b\x28\x00');
    assert.equal(read(large)[0]!.uid, 4_000_000_000);
    const negative = patched(header, 136, '\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfe');
    assert.equal(read(negative)[0]!.mtime.seconds, -2);
    const name = patched(header, 0, '\xff\xfe');
    const sum = name
      .subarray(0, 512)
      .reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 32 : byte > 127 ? byte - 256 : byte), 0);
    name.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
    assert.equal(read(name)[0]!.name, '\xff\xfe');
    assert.throws(() => read(patched(header, 124, '\x80\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff')), bad);
    assert.throws(() => read(patched(header, 124, '\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff')), bad);
    assert.throws(() => read(patched(header, 124, '0000000009\0')), bad);
  });

  it('takes a missing end mark, and nothing at all; a cut in the middle is an error', () => {
    const archive = tarArchive([{ name: 'a', content: 'x'.repeat(700) }]);
    assert.equal(read(archive.subarray(0, 512 + 1024)).length, 1);
    assert.equal(read(archive.subarray(0, 512 + 1024 + 512)).length, 1);
    assert.deepEqual(read(Buffer.alloc(0)), []);
    for (const cut of [1, 511, 513, 1211, 1212, 1535])
      assert.throws(() => read(archive.subarray(0, cut)), truncated, `cut at ${cut}`);
    const pax = withPax(record('path', 'long'), { name: 'x' });
    for (const cut of [512, 520, 1024]) assert.throws(() => read(pax.subarray(0, cut)), truncated);
    assert.throws(() => read(Buffer.concat([Buffer.alloc(512), archive])), bad);
    assert.equal(read(Buffer.concat([archive, Buffer.from('rubbish behind the end')])).length, 1);
  });

  it('refuses wrong PAX records', () => {
    const wrong = [
      '12 path',
      '5 a=b\n',
      '0 a=b\n',
      '9999999999999 a=b\n',
      'x a=b\n',
      '6 =ab\n',
      '6 abc\n',
      '99 path=x\n',
      '-6 a=b\n',
      record('path', 'a\0b'),
      record('a\0b', 'c'),
      record('size', 'x'),
      record('size', '-1'),
      record('mtime', '1e9'),
      record('uid', '99999999999999999999'),
    ];
    for (const records of wrong)
      assert.throws(() => read(withPax(records, { name: 'x' })), bad, JSON.stringify(records));
    assert.throws(() => read(tarHeader({ name: 'x', flag: 'x', size: 2 << 20 })), bad);
    assert.throws(() => read(tarHeader({ name: 'x', flag: 'L', size: 2 << 20 })), bad);
  });

  it('refuses wrong sparse maps', () => {
    const maps = [
      '0',
      '0,5,3,5',
      '5,5,0,5',
      '0,6',
      '0,4',
      '0,5,x,1',
      '0,-5',
      '1e1,5',
      '0,5,20,0',
      `0,5${',9,0'.repeat(3)},5`,
    ];
    for (const map of maps)
      assert.throws(
        () => read(withPax(record('GNU.sparse.map', map) + record('GNU.sparse.size', '10'), { name: 's' }, '12345')),
        bad,
        map,
      );
    const version1 =
      record('GNU.sparse.major', '1') + record('GNU.sparse.minor', '0') + record('GNU.sparse.realsize', '10');
    assert.throws(() => read(withPax(version1, { name: 's' }, '1\n0\n5\n')), bad);
    assert.throws(
      () => read(withPax(version1, { name: 's' }, `99999999\n${'0\n'.repeat(300)}`.padEnd(1024, '0'))),
      bad,
    );
    const [good] = read(withPax(version1, { name: 's' }, `1\n3\n5\n`.padEnd(512, '\0') + 'abcde'));
    assert.deepEqual([good!.size, good!.content.toString('latin1')], [10, '\0\0\0abcde\0\0']);
  });

  it('does not hold what hostile headers claim', () => {
    const parser = new TarParser({ entry() {}, data() {}, end() {} });
    const before = process.memoryUsage.rss();
    parser.push(tarHeader({ name: 'huge', size: 2 ** 50 }));
    const body = Buffer.concat(
      Array.from({ length: 20_000 }, (_, n) => Buffer.from(record(`SCHILY.xattr.user.${n}`, 'x'))),
    );
    for (let n = 0; n < 20; n++) {
      const inner = new TarParser({ entry() {}, data() {}, end() {} });
      inner.push(tarHeader({ name: 'g', flag: 'g', size: body.length }));
      inner.push(body);
    }
    assert.ok(process.memoryUsage.rss() - before < 300e6);
    assert.throws(() => parser.finish(), truncated);
  });

  it('lets a reader leave contents out', () => {
    const archive = tarArchive([
      { name: 'a', content: 'x'.repeat(5000) },
      { name: 'b', content: 'y' },
    ]);
    const seen: string[] = [];
    const parser = new TarParser({
      entry: ({ name, offset }) => void seen.push(`${name} ${offset}`),
      data() {},
      end: () => void seen.push('end'),
    });
    for (let at = 0; at < archive.length && !parser.ended;) {
      parser.push(archive.subarray(at, at + 600));
      at += Math.min(600, archive.length - at) + parser.skip();
    }
    parser.finish();
    assert.deepEqual(seen, ['a 512', 'end', 'b 6144', 'end']);
  });
});
