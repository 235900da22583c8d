import { strict as assert } from 'node:assert';
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Case } from '../suite/case.ts';
import { refused } from '../suite/refusal.ts';
import { bind, type Spec } from '../suite/spec.ts';

/** What is put into config.json in place of a value, by its path; the message has to name the thing. */
const wrong: readonly (readonly [name: string, change: (spec: Spec) => void, message: RegExp])[] = [
  ['a version of the specification that is no version', (spec) => (spec.ociVersion = 'x.y'), /version/i],
  ['a version of another specification', (spec) => (spec.ociVersion = '2.0.0'), /version/i],
  ['no version', (spec) => (spec.ociVersion = ''), /version/i],
  ['no working folder', (spec) => (spec.process.cwd = ''), /cwd/i],
  ['no root', (spec) => delete (spec as { root?: unknown }).root, /root/i],
  ['an argument with a zero byte', (spec) => (spec.process.args = ['/probe', 'a\0b']), /./],
  ['an environment with a zero byte', (spec) => (spec.process.env = ['A=a\0b']), /./],
  [
    'a mount without a destination',
    (spec) => void spec.mounts.push({ destination: '', type: 'tmpfs', source: 'x' }),
    /./,
  ],
  ['an unknown namespace', (spec) => void spec.linux.namespaces.push({ type: 'magic' as 'ipc' }), /magic|namespace/],
  ['an unknown propagation', (spec) => (spec.linux.rootfsPropagation = 'odd' as 'shared'), /odd|ropagation/],
  ['a string for a number', (spec) => (spec.process.user.uid = 'root' as unknown as number), /uid/],
  ['a negative user', (spec) => (spec.process.user.uid = -5), /uid/i],
  ['a list for an object', (spec) => (spec.process = [] as unknown as Spec['process']), /process/],
  ['a number for a list', (spec) => (spec.mounts = 5 as unknown as Spec['mounts']), /mounts/],
  ['a device without a path', (spec) => (spec.linux.devices = [{ path: '', type: 'c', major: 1, minor: 3 }]), /./],
  [
    'a negative number of supplementary groups',
    (spec) => (spec.process.user.additionalGids = [-1]),
    /additionalGids|gid/i,
  ],
];

/** Where runc does otherwise, by the name of the case. */
const deviations: Readonly<Record<string, string>> = {
  'a version of the specification that is no version': 'it does not look at ociVersion',
  'a version of another specification': 'it does not look at ociVersion',
  'no version': 'it does not look at ociVersion, which is required',
  'a device without a path': 'it takes a device without a path, which is required',
  'an argument with a zero byte': 'it finds out behind the start, and ends with 255',
};

export const cases: readonly Case[] = [
  ...wrong.map(([name, change, message]): Case => ({
    name,
    ...(name in deviations ? { runcDeviates: deviations[name]!, since: '1.5' } : {}),
    run: async (box) => {
      change(box.spec);
      box.write();
      const { code, stderr } = await box.call(['run', '--bundle', box.bundle, box.id]);
      assert.equal(code, 1, stderr);
      assert.match(stderr, message);
    },
  })),
  {
    name: 'a config.json that is no JSON',
    run: async (box) => {
      writeFileSync(path.join(box.bundle, 'config.json'), '{"ociVersion": ');
      const { code, stderr } = await box.call(['run', '--bundle', box.bundle, box.id]);
      assert.equal(code, 1);
      assert.notEqual(stderr, '');
    },
  },
  {
    name: 'a bundle without config.json',
    run: async (box) => {
      box.write();
      rmSync(path.join(box.bundle, 'config.json'));
      const { code, stderr } = await box.call(['run', '--bundle', box.bundle, box.id]);
      assert.equal(code, 1);
      assert.match(stderr, /config\.json/);
    },
  },
  {
    name: 'a bundle that does not exist',
    run: async (box) => {
      const { code, stderr } = await box.call(['run', '--bundle', '/no/such/bundle', box.id]);
      assert.equal(code, 1);
      assert.match(stderr, /no\/such\/bundle/);
    },
  },
  {
    name: 'fields that nobody knows are passed over',
    spec: (spec) => Object.assign(spec, { unknownField: { a: 1 } }),
    probe: ['cwd'],
    expect: (seen) => assert.equal(seen.of('cwd'), '/'),
  },
  {
    name: 'a config.json of a later 1.x is taken',
    spec: (spec) => (spec.ociVersion = '1.3.0'),
    probe: ['cwd'],
    expect: (seen) => assert.equal(seen.of('cwd'), '/'),
  },
  {
    name: 'cgroup namespace of the host with a cgroup mount is taken',
    spec: (spec) => void spec.mounts.push(bind('/sys/fs/cgroup', '/mnt', 'ro')),
    probe: ['cwd'],
    expect: (seen) => assert.equal(seen.of('cwd'), '/'),
  },
  {
    name: 'an AppArmor profile where there is no AppArmor',
    needs: ['no apparmor'],
    spec: (spec) => (spec.process.apparmorProfile = 'some-profile'),
    run: refused(/apparmor/i),
  },
];
