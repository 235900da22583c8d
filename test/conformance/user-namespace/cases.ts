import { strict as assert } from 'node:assert';
import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { until } from '../suite/box.ts';
import type { Case } from '../suite/case.ts';
import { refused } from '../suite/refusal.ts';
import { bind, tmpfs, userNamespace } from '../suite/spec.ts';
import { capabilityNames } from '../suite/seen.ts';

interface Stat {
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
  readonly type: string;
}

const words = (text: string) => text.trim().split(/\s+/);

/** The host's own: a process that is in the user namespace already could not join them. */
const besideJoined = (['network', 'uts'] as const).map((type): Case => ({
  name: `a ${type} namespace of the host is joined by a container with a user namespace of its own`,
  run: async (box) => {
    const file = type === 'network' ? 'net' : type;
    const holder = spawn('unshare', [`--${file}`, '--fork', '--kill-child', 'sleep', '600']);
    try {
      const path = `/proc/${holder.pid}/ns/${file}`;
      await until(() => readlinkSync(path) !== readlinkSync(`/proc/self/ns/${file}`), 'the namespace is there');
      userNamespace(box.spec);
      box.spec.linux.namespaces.find((each) => each.type === type)!.path = path;
      if (type === 'uts') delete box.spec.hostname;
      // sysfs is mounted only with rights over the network namespace.
      else box.spec.mounts = box.spec.mounts.filter((mount) => mount.type !== 'sysfs');
      const seen = await box.probe(['links /proc/self/ns', 'read /proc/self/uid_map']);
      assert.equal(seen.of<Record<string, string>>('links /proc/self/ns')[file], readlinkSync(path));
      assert.equal(words(seen.of('read /proc/self/uid_map'))[1], '100000');
    } finally {
      holder.kill('SIGKILL');
    }
  },
}));

export const cases: readonly Case[] = [
  ...besideJoined,
  {
    name: 'the mappings are those of the specification',
    spec: (spec) => userNamespace(spec, 1000),
    probe: ['read /proc/self/uid_map', 'read /proc/self/gid_map'],
    expect: (seen) => {
      assert.deepEqual(words(seen.of('read /proc/self/uid_map')), ['0', '100000', '1000']);
      assert.deepEqual(words(seen.of('read /proc/self/gid_map')), ['0', '200000', '1000']);
    },
  },
  {
    name: 'several ranges are mapped',
    spec: (spec) => {
      userNamespace(spec, 10);
      spec.linux.uidMappings!.push({ containerID: 10, hostID: 300_000, size: 5 });
    },
    probe: ['read /proc/self/uid_map'],
    expect: (seen) =>
      assert.deepEqual(words(seen.of('read /proc/self/uid_map')), ['0', '100000', '10', '10', '300000', '5']),
  },
  {
    name: 'root inside is the mapped id outside',
    spec: (spec) => userNamespace(spec),
    run: async (box) => {
      const seen = await box.start(['ids', 'wait']);
      assert.equal(seen.of<{ uid: number }>('ids').uid, 0);
      const status = readFileSync(`/proc/${(await box.state()).pid}/status`, 'utf8');
      assert.match(status, /^Uid:\t100000\t100000\t100000\t100000$/m);
      assert.match(status, /^Gid:\t200000\t200000\t200000\t200000$/m);
    },
  },
  {
    name: 'files of ids that are not mapped belong to nobody',
    spec: (spec) => userNamespace(spec),
    probe: ['stat /work/file'],
    expect: (seen) => assert.equal(seen.of<Stat>('stat /work/file').uid, 65_534),
  },
  {
    name: 'what is made in a tmpfs belongs to the root inside',
    spec: (spec) => {
      userNamespace(spec);
      spec.mounts.push(tmpfs('/mnt'));
    },
    probe: ['mkdir /mnt/x', 'stat /mnt/x'],
    expect: (seen) => {
      assert.equal(seen.of('mkdir /mnt/x'), 'ok');
      assert.equal(seen.of<Stat>('stat /mnt/x').uid, 0);
    },
  },
  {
    name: 'the default devices are there and work',
    spec: (spec) => userNamespace(spec),
    probe: ['open /dev/null w', 'open /dev/zero r', 'open /dev/full r', 'open /dev/urandom r', 'stat /dev/null'],
    expect: (seen) => {
      for (const word of ['open /dev/null w', 'open /dev/zero r', 'open /dev/full r', 'open /dev/urandom r'])
        assert.equal(seen.of(word), 'ok', word);
      assert.equal(seen.of<Stat>('stat /dev/null').type, 'c');
    },
  },
  {
    name: 'no device can be made',
    spec: (spec) => {
      userNamespace(spec);
      spec.mounts.push(tmpfs('/mnt'));
    },
    probe: ['mknod /mnt/null c 1 3'],
    expect: (seen) => assert.equal(seen.of('mknod /mnt/null c 1 3'), 'EPERM'),
  },
  {
    name: 'a process of another user has no capabilities',
    spec: (spec) => {
      userNamespace(spec);
      spec.process.user = { uid: 1000, gid: 1000 };
    },
    probe: ['read /proc/self/status', 'ids'],
    expect: (seen) => {
      assert.equal(seen.of<{ uid: number }>('ids').uid, 1000);
      assert.deepEqual(capabilityNames(seen.status('CapEff')), []);
    },
  },
  {
    name: 'supplementary groups are those inside',
    spec: (spec) => {
      userNamespace(spec);
      spec.process.user.additionalGids = [5, 6];
    },
    probe: ['read /proc/self/status'],
    expect: (seen) => assert.deepEqual(words(seen.status('Groups')), ['5', '6']),
  },
  {
    name: 'a bind mount of a folder that only root may search works',
    spec: (spec, box) => {
      userNamespace(spec);
      const source = `${box.folder}/locked/open`;
      mkdirSync(source, { recursive: true });
      writeFileSync(`${source}/file`, 'bound');
      chmodSync(`${box.folder}/locked`, 0o700);
      spec.mounts.push(bind(source, '/mnt'));
    },
    probe: ['read /mnt/file'],
    expect: (seen) => assert.equal(seen.of('read /mnt/file'), 'bound'),
  },
  {
    name: 'a user namespace with a path is joined',
    since: '1.2',
    run: async (box) => {
      const holder = spawn('unshare', ['--user', '--map-root-user', '--fork', '--kill-child', 'sleep', '600']);
      try {
        const own = readlinkSync('/proc/self/ns/user');
        const file = `/proc/${holder.pid}/ns/user`;
        await until(
          () => readlinkSync(file) !== own && readFileSync(`/proc/${holder.pid}/uid_map`, 'utf8') !== '',
          'mapped',
        );
        box.spec.linux.namespaces.push({ type: 'user', path: file });
        const seen = await box.probe(['links /proc/self/ns', 'ids']);
        assert.equal(seen.of<Record<string, string>>('links /proc/self/ns')['user'], readlinkSync(file));
        assert.equal(seen.of<{ uid: number }>('ids').uid, 0);
      } finally {
        holder.kill('SIGKILL');
      }
    },
  },
  {
    name: 'exec is in the same user namespace',
    spec: (spec) => userNamespace(spec),
    run: async (box) => {
      const first = await box.start(['links /proc/self/ns', 'wait']);
      const second = await box.execProbe(['links /proc/self/ns', 'ids', 'read /proc/self/uid_map']);
      const [one, two] = [first, second].map((seen) => seen.of<Record<string, string>>('links /proc/self/ns')['user']);
      assert.equal(one, two);
      assert.equal(second.of<{ uid: number }>('ids').uid, 0);
    },
  },
  {
    name: 'a user namespace without mappings is refused',
    spec: (spec) => void spec.linux.namespaces.push({ type: 'user' }),
    run: refused(/mapping/i),
  },
  {
    name: 'a user without a mapping is refused',
    spec: (spec) => {
      userNamespace(spec, 10);
      spec.process.user.uid = 11;
    },
    run: refused(/./),
  },
];
