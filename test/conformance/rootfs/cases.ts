import { strict as assert } from 'node:assert';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Case } from '../suite/case.ts';
import { refused } from '../suite/refusal.ts';
import { tmpfs } from '../suite/spec.ts';

const mountinfo = 'read /proc/self/mountinfo';

export const cases: readonly Case[] = [
  {
    name: 'the root is the folder of the bundle',
    probe: ['read /work/file', 'list /'],
    expect: (seen) => {
      assert.equal(seen.of('read /work/file'), 'of the image\n');
      assert.ok(!seen.of<string[]>('list /').includes('home'));
    },
  },
  {
    name: 'an absolute root path works as well',
    spec: (spec, box) => {
      renameSync(box.rootfs, path.join(box.folder, 'elsewhere'));
      spec.root.path = path.join(box.folder, 'elsewhere');
    },
    probe: ['read /work/file'],
    expect: (seen) => assert.equal(seen.of('read /work/file'), 'of the image\n'),
  },
  {
    name: 'the root can be written by default',
    probe: ['open /work/new create', mountinfo],
    expect: (seen) => {
      assert.equal(seen.of('open /work/new create'), 'ok');
      assert.ok(seen.mount('/').options.includes('rw'));
    },
  },
  {
    name: 'a read-only root cannot be written',
    spec: (spec) => (spec.root.readonly = true),
    probe: ['open /work/new create', 'open /work/file w', 'remove /work/file'],
    expect: (seen) => {
      for (const word of ['open /work/new create', 'open /work/file w', 'remove /work/file'])
        assert.equal(seen.of(word), 'EROFS', word);
    },
  },
  {
    name: 'a mount in a read-only root can be written',
    spec: (spec) => {
      spec.root.readonly = true;
      spec.mounts.push(tmpfs('/mnt'));
    },
    probe: ['open /mnt/new create', 'open /dev/shm/new create'],
    expect: (seen) => {
      assert.equal(seen.of('open /mnt/new create'), 'ok');
      assert.equal(seen.of('open /dev/shm/new create'), 'ok');
    },
  },
  {
    name: 'nothing of the host is mounted inside',
    probe: [mountinfo],
    expect: (seen, box) => {
      const targets = seen.mounts.map(({ target }) => target).toSorted();
      assert.deepEqual(targets, ['/', '/dev', '/dev/mqueue', '/dev/pts', '/dev/shm', '/proc', '/sys']);
      assert.ok(!seen.of(mountinfo).includes(box.folder) || seen.mount('/').root.endsWith('/rootfs'));
    },
  },
  {
    name: 'the root cannot be left by going up',
    probe: ['list /../..', 'list /proc/1/root'],
    expect: (seen) => assert.deepEqual(seen.of<string[]>('list /../..'), seen.of<string[]>('list /proc/1/root')),
  },
  {
    name: 'with --no-pivot the root is the same one',
    run: async (box) => {
      const seen = await box.probe(['read /work/file', 'list /'], { flags: ['--no-pivot'] });
      assert.equal(seen.of('read /work/file'), 'of the image\n');
      assert.ok(!seen.of<string[]>('list /').includes('home'));
    },
  },
  {
    name: 'a target of a mount that is missing is made in the root',
    spec: (spec) => void spec.mounts.push(tmpfs('/made/for/it')),
    probe: ['stat /made/for'],
    expect: (seen) => assert.equal(seen.of<{ mode: number }>('stat /made/for').mode, 0o755),
  },
  {
    name: 'a root that does not exist is refused',
    spec: (spec) => (spec.root.path = 'absent'),
    run: refused(/absent/),
  },
  {
    name: 'a root that is a file is refused',
    spec: (spec, box) => {
      writeFileSync(path.join(box.bundle, 'file'), '');
      spec.root.path = 'file';
    },
    run: refused(/not a directory|file/i),
  },
  {
    name: 'an empty root without the program is refused with its name',
    spec: (spec, box) => {
      mkdirSync(path.join(box.bundle, 'empty'));
      spec.root.path = 'empty';
    },
    run: refused(/\/probe/),
  },
];
