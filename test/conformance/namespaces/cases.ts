import { strict as assert } from 'node:assert';
import { spawn } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { until } from '../suite/box.ts';
import { refused } from '../suite/refusal.ts';
import { withoutNamespace } from '../suite/spec.ts';
import type { Case } from '../suite/case.ts';

const own = (name: string) => readlinkSync(`/proc/self/ns/${name}`);

const types = { pid: 'pid', network: 'net', ipc: 'ipc', uts: 'uts', mount: 'mnt' } as const;

/** A new namespace of each type is not the runtime's own; one that is not listed is. */
const fresh = Object.entries(types).map(([type, file]): Case => ({
  name: `a ${type} namespace that is listed is a new one`,
  probe: ['links /proc/self/ns'],
  expect: (seen) => assert.notEqual(seen.of<Record<string, string>>('links /proc/self/ns')[file], own(file)),
}));

const shared = (['network', 'ipc', 'uts'] as const).map((type): Case => ({
  name: `a ${type} namespace that is not listed is the runtime's own`,
  spec: (spec) => {
    withoutNamespace(spec, type);
    if (type === 'uts') delete spec.hostname;
    // A namespace's owner only may mount these.
    spec.mounts = spec.mounts.filter(({ destination }) => destination !== '/sys' && destination !== '/dev/mqueue');
  },
  probe: ['links /proc/self/ns'],
  expect: (seen) => assert.equal(seen.of<Record<string, string>>('links /proc/self/ns')[types[type]], own(types[type])),
}));

const joined = (['network', 'ipc', 'uts', 'pid'] as const).map((type): Case => ({
  name: `a ${type} namespace with a path is joined`,
  run: async (box) => {
    const file = types[type];
    const holder = spawn('unshare', [
      `--${type === 'network' ? 'net' : type}`,
      '--fork',
      '--kill-child',
      'sleep',
      '600',
    ]);
    try {
      const children = `/proc/${holder.pid}/task/${holder.pid}/children`;
      await until(() => readFileSync(children, 'utf8').trim() !== '', 'unshare has forked');
      const path = `/proc/${readFileSync(children, 'utf8').trim()}/ns/${file}`;
      await until(() => readlinkSync(path) !== own(file), 'the namespace is there');
      const entry = box.spec.linux.namespaces.find((each) => each.type === type)!;
      entry.path = path;
      if (type === 'uts') delete box.spec.hostname;
      const seen = await box.probe(['links /proc/self/ns', 'ids']);
      assert.equal(seen.of<Record<string, string>>('links /proc/self/ns')[file], readlinkSync(path));
    } finally {
      holder.kill('SIGKILL');
    }
  },
}));

export const cases: readonly Case[] = [
  ...fresh,
  ...shared,
  ...joined,
  {
    name: 'the process is the first one of a new pid namespace',
    probe: ['ids'],
    expect: (seen) => assert.equal(seen.of<{ pid: number }>('ids').pid, 1),
  },
  {
    name: 'without a pid namespace the process has a pid of the host',
    spec: (spec) => withoutNamespace(spec, 'pid'),
    probe: ['ids', 'links /proc/self/ns'],
    expect: (seen) => {
      assert.notEqual(seen.of<{ pid: number }>('ids').pid, 1);
      assert.equal(seen.of<Record<string, string>>('links /proc/self/ns')['pid'], own('pid'));
    },
  },
  {
    name: 'a cgroup namespace makes the own cgroup the root',
    spec: (spec) => void spec.linux.namespaces.push({ type: 'cgroup' }),
    probe: ['read /proc/self/cgroup', 'links /proc/self/ns'],
    expect: (seen) => {
      assert.notEqual(seen.of<Record<string, string>>('links /proc/self/ns')['cgroup'], own('cgroup'));
      const line = seen
        .of('read /proc/self/cgroup')
        .split('\n')
        .find((each) => /:(?:pids)?:/.test(each));
      assert.match(line ?? '', /:\/$/);
    },
  },
  {
    name: 'without a cgroup namespace the path is the one on the host',
    probe: ['read /proc/self/cgroup'],
    expect: (seen, box) => assert.ok(seen.of('read /proc/self/cgroup').includes(box.cgroup)),
  },
  {
    name: 'a new network namespace has a loopback interface that is up, and nothing else',
    probe: ['interfaces'],
    expect: (seen) => {
      const { lo, ...others } = seen.of<Record<string, number>>('interfaces');
      assert.ok(lo !== undefined && (lo & 1) === 1, 'lo is not up');
      assert.deepEqual(others, {});
    },
  },
  {
    name: 'the hostname is set in the uts namespace and not outside',
    spec: (spec) => (spec.hostname = 'some-name.example'),
    probe: ['uname'],
    expect: (seen) => {
      assert.equal(seen.of<{ hostname: string }>('uname').hostname, 'some-name.example');
      assert.notEqual(hostname(), 'some-name.example');
    },
  },
  {
    name: 'the domainname is set',
    since: '1.2',
    spec: (spec) => (spec.domainname = 'domain.example'),
    probe: ['uname'],
    expect: (seen) => assert.equal(seen.of<{ domainname: string }>('uname').domainname, 'domain.example'),
  },
  {
    name: 'a hostname without a uts namespace is refused',
    spec: (spec) => withoutNamespace(spec, 'uts'),
    run: refused(/uts|hostname/i),
  },
  {
    name: 'the same namespace twice is refused',
    spec: (spec) => void spec.linux.namespaces.push({ type: 'ipc' }),
    run: refused(/namespace|duplicated ns/),
  },
  {
    name: 'a namespace path that does not exist is refused',
    spec: (spec) =>
      void (spec.linux.namespaces.find(({ type }) => type === 'network')!.path = '/run/no-such-namespace'),
    run: refused(/no-such-namespace/),
  },
  {
    name: 'a path to a namespace of another type is refused',
    spec: (spec) => void (spec.linux.namespaces.find(({ type }) => type === 'network')!.path = '/proc/1/ns/ipc'),
    run: refused(/./),
  },
];
