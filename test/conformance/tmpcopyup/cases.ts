import { strict as assert } from 'node:assert';
import { chmodSync, chownSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Case } from '../suite/case.ts';
import { tmpfs, userNamespace } from '../suite/spec.ts';

interface Stat {
  readonly mode: number;
  readonly uid: number;
  readonly link?: string;
  readonly type: string;
}

export const cases: readonly Case[] = [
  {
    name: 'a tmpfs with tmpcopyup has what was below it',
    spec: (spec) => void spec.mounts.push(tmpfs('/work', ['tmpcopyup'])),
    probe: ['read /work/file', 'read /proc/self/mountinfo'],
    expect: (seen) => {
      assert.equal(seen.of('read /work/file'), 'of the image\n');
      assert.equal(seen.mount('/work').type, 'tmpfs');
    },
  },
  {
    name: 'a tmpfs without it is empty',
    spec: (spec) => void spec.mounts.push(tmpfs('/work')),
    probe: ['list /work'],
    expect: (seen) => assert.deepEqual(seen.of('list /work'), []),
  },
  {
    name: 'what is changed in it does not change the image',
    spec: (spec) => void spec.mounts.push(tmpfs('/work', ['tmpcopyup'])),
    probe: ['write /work/file changed', 'read /work/file'],
    expect: (seen, box) => {
      assert.match(seen.of('read /work/file'), /^changed/);
      assert.equal(readFileSync(path.join(box.rootfs, 'work/file'), 'utf8'), 'of the image\n');
    },
  },
  {
    name: 'modes, owners, folders and links are copied',
    spec: (spec, box) => {
      const folder = path.join(box.rootfs, 'work/deep/er');
      mkdirSync(folder, { recursive: true });
      writeFileSync(path.join(folder, 'f'), 'x');
      chmodSync(path.join(folder, 'f'), 0o4711);
      chownSync(path.join(box.rootfs, 'work/deep'), 12, 34);
      symlinkSync('/etc/passwd', path.join(folder, 'link'));
      spec.mounts.push(tmpfs('/work', ['tmpcopyup']));
    },
    probe: ['stat /work/deep', 'stat /work/deep/er/f', 'stat /work/deep/er/link'],
    expect: (seen) => {
      assert.equal(seen.of<Stat>('stat /work/deep').uid, 12);
      assert.equal(seen.of<Stat>('stat /work/deep/er/f').mode & 0o777, 0o711);
      assert.equal(seen.of<Stat>('stat /work/deep/er/link').link, '/etc/passwd');
    },
  },
  {
    name: 'in a user namespace the copies have owners that are there',
    spec: (spec, box) => {
      userNamespace(spec);
      chownSync(path.join(box.rootfs, 'work'), 100_000, 200_000);
      chownSync(path.join(box.rootfs, 'work/file'), 100_007, 200_008);
      spec.mounts.push(tmpfs('/work', ['tmpcopyup']));
    },
    probe: ['read /work/file', 'stat /work/file'],
    expect: (seen) => {
      assert.equal(seen.of('read /work/file'), 'of the image\n');
      assert.equal(seen.of<Stat>('stat /work/file').uid, 7);
    },
  },
  {
    name: 'a read-only tmpfs with tmpcopyup has the files',
    spec: (spec) => void spec.mounts.push(tmpfs('/work', ['tmpcopyup', 'ro'])),
    probe: ['read /work/file', 'open /work/file w'],
    expect: (seen) =>
      assert.deepEqual([seen.of('read /work/file'), seen.of('open /work/file w')], ['of the image\n', 'EROFS']),
  },
];
