import { strict as assert } from 'node:assert';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { type Box, expectOk } from '../suite/box.ts';
import type { Case } from '../suite/case.ts';

interface Features {
  readonly ociVersionMin: string;
  readonly ociVersionMax: string;
  readonly hooks: readonly string[];
  readonly mountOptions: readonly string[];
  readonly linux: {
    readonly namespaces: readonly string[];
    readonly capabilities: readonly string[];
    readonly cgroup: Readonly<Record<string, boolean>>;
    readonly seccomp: {
      readonly enabled: boolean;
      readonly actions: readonly string[];
      readonly operators: readonly string[];
      readonly knownFlags?: readonly string[];
    };
    readonly mountExtensions?: { readonly idmap: { readonly enabled: boolean } };
  };
}

async function features(box: Box): Promise<Features> {
  return JSON.parse(expectOk(await box.call(['features']))) as Features;
}

export const cases: readonly Case[] = [
  {
    name: 'the versions of the specification',
    run: async (box) => {
      const { ociVersionMin, ociVersionMax } = await features(box);
      assert.match(ociVersionMin, /^1\.0\.\d/);
      assert.match(ociVersionMax, /^1\.\d+\.\d+/);
    },
  },
  {
    name: 'all six hooks',
    run: async (box) =>
      assert.deepEqual((await features(box)).hooks.toSorted(), [
        'createContainer',
        'createRuntime',
        'poststart',
        'poststop',
        'prestart',
        'startContainer',
      ]),
  },
  {
    name: 'all eight namespaces',
    since: '1.2',
    run: async (box) =>
      assert.deepEqual((await features(box)).linux.namespaces.toSorted(), [
        'cgroup',
        'ipc',
        'mount',
        'network',
        'pid',
        'time',
        'user',
        'uts',
      ]),
  },
  {
    name: 'the mount options of the specification',
    run: async (box) => {
      const { mountOptions } = await features(box);
      const wanted =
        'async atime bind defaults dev diratime dirsync exec noatime nodev nodiratime noexec norelatime nosuid private ';
      for (const option of `${wanted}rbind relatime remount ro rprivate rro rshared rslave runbindable rw shared slave suid sync tmpcopyup unbindable`.split(
        ' ',
      ))
        assert.ok(mountOptions.includes(option), option);
    },
  },
  {
    name: 'what of seccomp is there',
    run: async (box) => {
      const { enabled, actions, operators } = (await features(box)).linux.seccomp;
      assert.equal(enabled, true);
      for (const action of ['ALLOW', 'ERRNO', 'KILL', 'KILL_PROCESS', 'KILL_THREAD', 'LOG', 'NOTIFY', 'TRACE', 'TRAP'])
        assert.ok(actions.includes(`SCMP_ACT_${action}`), action);
      for (const operator of ['EQ', 'NE', 'LT', 'LE', 'GT', 'GE', 'MASKED_EQ'])
        assert.ok(operators.includes(`SCMP_CMP_${operator}`), operator);
    },
  },
  {
    name: 'idmapped mounts are told',
    since: '1.2',
    run: async (box) => assert.equal((await features(box)).linux.mountExtensions?.idmap.enabled, true),
  },
  {
    name: 'the versions of cgroup',
    run: async (box) => {
      const { v1, v2, systemd } = (await features(box)).linux.cgroup;
      assert.deepEqual([v1, v2, typeof systemd], [true, true, 'boolean']);
    },
  },
  {
    name: 'the capabilities are told by name',
    run: async (box) => {
      const { capabilities } = (await features(box)).linux;
      for (const name of ['CAP_CHOWN', 'CAP_SYS_ADMIN', 'CAP_BPF']) assert.ok(capabilities.includes(name), name);
    },
  },
  {
    name: 'spec writes a config.json that can be run',
    run: async (box) => {
      expectOk(await box.call(['spec', '--bundle', box.bundle]));
      const file = path.join(box.bundle, 'config.json');
      const written = JSON.parse(readFileSync(file, 'utf8')) as Box['spec'];
      assert.deepEqual([written.process.args, written.root.path], [['sh'], 'rootfs']);
      Object.assign(box.spec, written);
      box.spec.linux.cgroupsPath = box.cgroup;
      box.spec.process.terminal = false;
      assert.equal((await box.probe(['cwd'])).of('cwd'), '/');
    },
  },
  {
    name: 'spec does not write over a config.json',
    run: async (box) => {
      box.write();
      const before = readFileSync(path.join(box.bundle, 'config.json'), 'utf8');
      assert.equal((await box.call(['spec', '--bundle', box.bundle])).code, 1);
      assert.equal(readFileSync(path.join(box.bundle, 'config.json'), 'utf8'), before);
    },
  },
  {
    name: 'spec --rootless has a user namespace',
    run: async (box) => {
      expectOk(await box.call(['spec', '--rootless', '--bundle', box.bundle]));
      const written = JSON.parse(readFileSync(path.join(box.bundle, 'config.json'), 'utf8')) as Box['spec'];
      assert.ok(written.linux.namespaces.some(({ type }) => type === 'user'));
      assert.equal(written.linux.uidMappings?.length, 1);
    },
  },
];
