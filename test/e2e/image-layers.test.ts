import assert from 'node:assert/strict';
import { closeSync, openSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { getXattr, listXattrs } from '@berth/addon/xattr';
import { ociLayout } from '../harness/archives.ts';
import { whySkipped } from '../harness/engine.ts';
import { busybox, testImage } from '../harness/images.ts';
import { assertNothingLeft, type Belongings, belongings } from '../harness/leaks.ts';
import type { Member } from '../harness/tar.ts';
import { ImageWorkplace } from './image-workplace.ts';

const program = readFileSync('/bin/busybox');

/** struct vfs_cap_data, version 2, effective: CAP_DAC_OVERRIDE (1) permitted, nothing inheritable. */
const dacOverride = String.fromCharCode(1, 0, 0, 2, 2, ...Array<number>(15).fill(0));

const lower: Member[] = [
  { path: 'owned', body: 'x', uid: 1000, gid: 44, mode: 0o640 },
  { path: 'setuid', body: 'x', uid: 1000, gid: 1000, mode: 0o6755 },
  { path: 'shared/', mode: 0o1777, uid: 3, gid: 4 },
  { path: 'first', body: 'linked' },
  { path: 'second', hardlink: 'first' },
  { path: 'zero', device: { type: 'char', major: 1, minor: 5 } },
  { path: 'disk', device: { type: 'block', major: 7, minor: 3 } },
  { path: 'times/', pax: { mtime: '1234567890.123456789' } },
  { path: 'times/in', body: 'x', pax: { mtime: '1234567891.987654321' } },
  { path: 'attributes', body: 'x', pax: { 'SCHILY.xattr.user.colour': 'blue', 'SCHILY.xattr.user.empty': '' } },
  { path: 'bin/busybox-may', body: program, mode: 0o755, pax: { 'SCHILY.xattr.security.capability': dacOverride } },
  { path: 'secret', body: 'secret', mode: 0o600 },
  { path: `${'long/'.repeat(30)}name`, body: 'long' },
  { path: 'gone', body: 'x' },
  { path: 'folder/gone/deep', body: 'x' },
  { path: 'opaque/old', body: 'x' },
  { path: 'opaque/folder/old', body: 'x' },
  { path: 'was-file', body: 'x' },
  { path: 'was-folder/in', body: 'x' },
  { path: 'changed', body: 'old', mode: 0o600 },
  { path: 'late/kept', body: 'kept' },
];

const upper: Member[] = [
  { path: '.wh.gone' },
  { path: 'folder/.wh.gone', body: '' },
  { path: 'opaque/new', body: 'x' },
  { path: 'opaque/.wh..wh..opq', body: '' },
  { path: 'was-file/', mode: 0o700 },
  { path: 'was-file/in', body: 'now a folder' },
  { path: 'was-folder', body: 'now a file' },
  { path: 'changed', body: 'new', mode: 0o644 },
];

describe('layers seen from inside a container', { skip: whySkipped, timeout: 400_000 }, () => {
  let place: ImageWorkplace;
  let start: Belongings;
  let root: string;

  before(async () => {
    place = await ImageWorkplace.open();
    start = belongings(place.engine);
    const layers = [busybox(), lower, upper];
    await place.load(ociLayout(testImage({ layers, compression: 'gzip' }), 'layers:1'));
    await place.engine.expect(['run', '-d', '--name', 'inside', 'layers:1', 'sleep', '1000']);
    const { pid } = JSON.parse(await place.engine.expect(['inspect', '-f', '{"pid":{{.State.Pid}}}', 'inside']));
    root = `/proc/${pid}/root`;
  });
  after(async () => {
    await place.engine.expect(['rm', '-f', 'inside']);
    await place.engine.expect(['rmi', 'layers:1']);
    await assertNothingLeft(place.engine, start);
    await place[Symbol.asyncDispose]();
  });

  const inside = (script: string, ...flags: string[]) =>
    place.engine.expect(['exec', ...flags, 'inside', 'sh', '-c', script]);

  test('owners, groups, modes, the setuid bit and the sticky bit are those of the layer', async () => {
    const shown = await inside("stat -c '%n %u:%g %a' owned setuid shared was-file changed");
    assert.deepEqual(shown.split('\n'), [
      'owned 1000:44 640',
      'setuid 1000:1000 6755',
      'shared 3:4 1777',
      'was-file 0:0 700',
      'changed 0:0 644',
    ]);
  });

  test('hard links are links to one file', async () => {
    const [first, second] = (await inside("stat -c '%i %h' first second")).split('\n');
    assert.equal(first, second);
    assert.match(first ?? '', / 2$/);
    assert.equal(await inside('cat second'), 'linked');
  });

  test('device nodes are there with their numbers', async () => {
    const shown = await inside("stat -c '%F %t:%T' zero disk");
    assert.deepEqual(shown.split('\n'), ['character special file 1:5', 'block special file 7:3']);
  });

  test('times have nanoseconds, those of folders too', () => {
    const time = (name: string) => statSync(path.join(root, name), { bigint: true }).mtimeNs;
    assert.equal(time('times'), 1_234_567_890_123_456_789n);
    assert.equal(time('times/in'), 1_234_567_891_987_654_321n);
  });

  test('extended attributes are there', () => {
    const file = openSync(path.join(root, 'attributes'), 'r');
    try {
      const names = listXattrs(file).filter((name) => name.startsWith('user.'));
      assert.deepEqual(names.toSorted(), ['user.colour', 'user.empty']);
      assert.equal(getXattr(file, 'user.colour')?.toString(), 'blue');
    } finally {
      closeSync(file);
    }
  });

  test('a file capability gives its program what the user has not', async () => {
    const { code } = await place.engine.berth(['exec', '-u', 'app', 'inside', '/bin/cat', '/secret']);
    assert.equal(code, 1);
    const shown = await place.engine.expect(['exec', '-u', 'app', 'inside', '/bin/busybox-may', 'cat', '/secret']);
    assert.equal(shown, 'secret');
  });

  test('names longer than a tar header are whole', async () => {
    assert.equal(await inside(`cat /${'long/'.repeat(30)}name`), 'long');
  });

  test('what a higher layer deletes is gone, in folders too', async () => {
    assert.equal(await inside('ls -d gone folder/gone 2>/dev/null; ls -A folder; ls -A / | grep -c wh || true'), '0');
  });

  test('an opaque folder shows nothing of the layers below', async () => {
    assert.equal(await inside('ls -A opaque'), 'new');
  });

  test('a file may become a folder, and a folder a file', async () => {
    assert.equal(
      await inside('cat was-file/in; echo; cat was-folder; echo; cat changed'),
      'now a folder\nnow a file\nnew',
    );
  });

  test('an opaque folder stays opaque when the container writes to it, and a deletion can be taken back', async () => {
    await inside('echo 1 > opaque/mine; mkdir folder/gone; echo 2 > gone');
    assert.equal(await inside('ls opaque; ls -A folder/gone; cat gone'), 'mine\nnew\n2');
  });

  test('a container of the same image does not see what another one wrote', async () => {
    assert.equal(await place.shell('layers:1', 'ls opaque'), 'new');
  });
});
