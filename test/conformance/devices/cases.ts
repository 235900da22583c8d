import { strict as assert } from 'node:assert';
import type { Case } from '../suite/case.ts';
import { refused } from '../suite/refusal.ts';
import { userNamespace } from '../suite/spec.ts';

interface Stat {
  readonly type: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly major: number;
  readonly minor: number;
}

const defaults = { null: [1, 3], zero: [1, 5], full: [1, 7], random: [1, 8], urandom: [1, 9], tty: [5, 0] } as const;

const supplied = Object.entries(defaults).map(([name, [major, minor]]): Case => ({
  name: `/dev/${name} is supplied`,
  probe: [`stat /dev/${name}`],
  expect: (seen) => {
    const stat = seen.of<Stat>(`stat /dev/${name}`);
    assert.deepEqual([stat.type, stat.major, stat.minor, stat.mode], ['c', major, minor, 0o666]);
  },
}));

export const cases: readonly Case[] = [
  ...supplied,
  {
    name: 'a character device is made with its mode and owner',
    spec: (spec) =>
      void (spec.linux.devices = [
        { path: '/dev/mine', type: 'c', major: 1, minor: 5, fileMode: 0o640, uid: 12, gid: 34 },
      ]),
    probe: ['stat /dev/mine'],
    expect: (seen) => {
      const { type, mode, uid, gid, major, minor } = seen.of<Stat>('stat /dev/mine');
      assert.deepEqual([type, mode, uid, gid, major, minor], ['c', 0o640, 12, 34, 1, 5]);
    },
  },
  {
    name: 'the umask does not change the mode of a device',
    spec: (spec) => {
      spec.process.user.umask = 0o077;
      spec.linux.devices = [{ path: '/dev/mine', type: 'c', major: 1, minor: 3, fileMode: 0o666, uid: 0, gid: 0 }];
    },
    probe: ['stat /dev/mine'],
    expect: (seen) => assert.equal(seen.of<Stat>('stat /dev/mine').mode, 0o666),
  },
  {
    name: 'a block device is made',
    spec: (spec) =>
      void (spec.linux.devices = [
        { path: '/dev/disk', type: 'b', major: 7, minor: 99, fileMode: 0o600, uid: 0, gid: 0 },
      ]),
    probe: ['stat /dev/disk'],
    expect: (seen) => {
      const { type, major, minor } = seen.of<Stat>('stat /dev/disk');
      assert.deepEqual([type, major, minor], ['b', 7, 99]);
    },
  },
  {
    name: 'a fifo is made',
    spec: (spec) => void (spec.linux.devices = [{ path: '/dev/pipe', type: 'p', fileMode: 0o622, uid: 0, gid: 0 }]),
    probe: ['stat /dev/pipe'],
    expect: (seen) => {
      const { type, mode } = seen.of<Stat>('stat /dev/pipe');
      assert.deepEqual([type, mode], ['p', 0o622]);
    },
  },
  {
    name: 'a device outside of /dev is made with the folders on its way',
    spec: (spec) =>
      void (spec.linux.devices = [
        { path: '/some/where/zero', type: 'c', major: 1, minor: 5, fileMode: 0o666, uid: 0, gid: 0 },
      ]),
    probe: ['stat /some/where/zero'],
    expect: (seen) => assert.equal(seen.of<Stat>('stat /some/where/zero').type, 'c'),
  },
  {
    name: 'a default device that is listed gets the mode and owner of the list',
    spec: (spec) => {
      spec.linux.devices = [{ path: '/dev/null', type: 'c', major: 1, minor: 3, fileMode: 0o600, uid: 5, gid: 6 }];
      spec.linux.resources.devices = [{ allow: true, access: 'rwm' }];
    },
    probe: ['stat /dev/null'],
    expect: (seen) => {
      const { mode, uid, gid } = seen.of<Stat>('stat /dev/null');
      assert.deepEqual([mode, uid, gid], [0o600, 5, 6]);
    },
  },
  {
    name: 'a device in a user namespace is the one of the host',
    spec: (spec) => {
      userNamespace(spec);
      spec.linux.resources.devices = [{ allow: true, access: 'rwm' }];
      spec.linux.devices = [{ path: '/dev/full', type: 'c', major: 1, minor: 7, fileMode: 0o666, uid: 0, gid: 0 }];
    },
    probe: ['stat /dev/full', 'open /dev/full r'],
    expect: (seen) => {
      assert.deepEqual([seen.of<Stat>('stat /dev/full').minor, seen.of('open /dev/full r')], [7, 'ok']);
    },
  },
  {
    name: 'a device of an unknown type is refused',
    spec: (spec) => void (spec.linux.devices = [{ path: '/dev/x', type: 'q' as 'c', major: 1, minor: 3 }]),
    run: refused(/device|type/i),
  },
  {
    name: 'two different devices on one path are refused',
    spec: (spec) =>
      void (spec.linux.devices = [
        { path: '/dev/x', type: 'c', major: 1, minor: 3, fileMode: 0o666, uid: 0, gid: 0 },
        { path: '/dev/x', type: 'c', major: 1, minor: 5, fileMode: 0o666, uid: 0, gid: 0 },
      ]),
    runcDeviates: 'it binds or makes the second over the first; the specification says that it must be an error',
    run: async (box) => assert.equal((await box.run()).code, 1),
  },
];
