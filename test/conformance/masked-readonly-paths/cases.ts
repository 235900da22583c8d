import { strict as assert } from 'node:assert';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Case } from '../suite/case.ts';
import { tmpfs, userNamespace } from '../suite/spec.ts';

const mountinfo = 'read /proc/self/mountinfo';

export const cases: readonly Case[] = [
  {
    name: 'a masked file is empty and takes no writes',
    spec: (spec) => (spec.linux.maskedPaths = ['/work/file', '/proc/version']),
    probe: ['read /work/file', 'stat /work/file', 'read /proc/version'],
    expect: (seen) => {
      assert.equal(seen.of('read /work/file'), '');
      const { type, major, minor } = seen.of<{ type: string; major: number; minor: number }>('stat /work/file');
      assert.deepEqual([type, major, minor], ['c', 1, 3]);
      assert.equal(seen.of('read /proc/version'), '');
    },
  },
  {
    name: 'a masked folder is empty and read-only',
    spec: (spec) => (spec.linux.maskedPaths = ['/work', '/sys/firmware']),
    probe: ['list /work', 'open /work/new create', 'list /sys/firmware'],
    expect: (seen) => {
      assert.deepEqual(seen.of('list /work'), []);
      assert.equal(seen.of('open /work/new create'), 'EROFS');
      assert.deepEqual(seen.of('list /sys/firmware'), []);
    },
  },
  {
    name: 'a masked path that does not exist is passed over',
    spec: (spec) => (spec.linux.maskedPaths = ['/absent', '/proc/absent/deep']),
    probe: ['stat /absent'],
    expect: (seen) => assert.equal(seen.of('stat /absent'), 'ENOENT'),
  },
  {
    name: 'the mask of a folder is one of its own, not the mount below',
    spec: (spec, box) => {
      mkdirSync(path.join(box.rootfs, 'other'));
      writeFileSync(path.join(box.rootfs, 'other/secret'), 'x');
      spec.linux.maskedPaths = ['/work', '/other'];
    },
    probe: ['list /work', 'list /other', mountinfo],
    expect: (seen) => {
      assert.deepEqual([seen.of('list /work'), seen.of('list /other')], [[], []]);
      assert.ok(seen.mount('/other').options.includes('ro'));
    },
  },
  {
    name: 'a mask works in a user namespace',
    spec: (spec) => {
      userNamespace(spec);
      spec.linux.maskedPaths = ['/proc/version', '/work'];
    },
    probe: ['read /proc/version', 'list /work'],
    expect: (seen) => {
      assert.equal(seen.of('read /proc/version'), '');
      assert.deepEqual(seen.of('list /work'), []);
    },
  },
  {
    name: 'a read-only path can be read and not written',
    spec: (spec) => (spec.linux.readonlyPaths = ['/work', '/proc/sys']),
    probe: ['read /work/file', 'open /work/file w', 'open /work/new create', 'open /proc/sys/kernel/hostname w'],
    expect: (seen) => {
      assert.equal(seen.of('read /work/file'), 'of the image\n');
      assert.equal(seen.of('open /work/file w'), 'EROFS');
      assert.equal(seen.of('open /work/new create'), 'EROFS');
      assert.equal(seen.of('open /proc/sys/kernel/hostname w'), 'EROFS');
    },
  },
  {
    name: 'a read-only file can be read and not written',
    spec: (spec) => (spec.linux.readonlyPaths = ['/work/file', '/proc/sys/kernel/domainname']),
    probe: ['read /work/file', 'open /work/file w', 'open /work/new create', 'open /proc/sys/kernel/domainname w'],
    expect: (seen) => {
      assert.equal(seen.of('read /work/file'), 'of the image\n');
      assert.equal(seen.of('open /work/file w'), 'EROFS');
      assert.equal(seen.of('open /work/new create'), 'ok');
      assert.equal(seen.of('open /proc/sys/kernel/domainname w'), 'EROFS');
    },
  },
  {
    name: 'a read-only path that does not exist is passed over',
    spec: (spec) => (spec.linux.readonlyPaths = ['/absent']),
    probe: ['stat /absent'],
    expect: (seen) => assert.equal(seen.of('stat /absent'), 'ENOENT'),
  },
  {
    name: 'a read-only path keeps the flags of its mount',
    spec: (spec) => {
      spec.mounts.push(tmpfs('/mnt', ['nosuid', 'noexec', 'nodev']));
      spec.linux.readonlyPaths = ['/mnt'];
    },
    probe: [mountinfo],
    expect: (seen) => {
      const { options } = seen.mount('/mnt');
      for (const flag of ['ro', 'nosuid', 'noexec', 'nodev']) assert.ok(options.includes(flag), flag);
    },
  },
  {
    name: 'a path that is not absolute is refused',
    spec: (spec) => (spec.linux.maskedPaths = ['proc/kcore']),
    runcDeviates: 'it takes relative paths, though the specification wants them absolute',
    run: async (box) => assert.equal((await box.run()).code, 1),
  },
];
