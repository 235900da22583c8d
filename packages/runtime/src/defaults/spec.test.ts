import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ContainerSpecInput } from './container-spec-input.ts';
import { buildSpec } from './spec.ts';

const facts = { architecture: 'x64', kernel: '6.18.0' } as const;
const spec = (input: Partial<ContainerSpecInput> = {}) =>
  buildSpec({ rootPath: '/r', args: ['sh'], hostname: 'box', ...input }, facts);
const bounding = (input: Partial<ContainerSpecInput>) => spec(input).process.capabilities?.bounding ?? [];
const types = (input: Partial<ContainerSpecInput>) => spec(input).linux.namespaces.map(({ type }) => type);
const mountAt = (input: Partial<ContainerSpecInput>, destination: string) =>
  spec(input).mounts.filter((mount) => mount.destination === destination);

describe("docker's defaults", () => {
  test('a container gets a limited root', () => {
    const { process, linux } = spec();
    assert.equal(process.capabilities?.effective?.length, 14);
    assert.ok(!process.capabilities?.effective?.includes('CAP_SYS_ADMIN'));
    assert.equal(linux.seccomp?.defaultAction, 'SCMP_ACT_ERRNO');
    assert.ok(linux.maskedPaths?.includes('/proc/kcore'));
    assert.deepEqual(types({}), ['mount', 'network', 'time', 'uts', 'pid', 'ipc', 'cgroup']);
  });

  test('a user other than root has capabilities in the bounding set only', () => {
    const sets = spec({ user: { uid: 1000, gid: 1000 } }).process.capabilities;
    assert.equal(sets?.bounding?.length, 14);
    assert.equal(sets?.effective, undefined);
    assert.equal(sets?.permitted, undefined);
  });

  test('the environment has what docker adds, and the user has the last word', () => {
    assert.deepEqual(spec({ tty: true, env: ['A=b', 'TERM=dumb', 'PATH'] }).process.env, [
      'HOSTNAME=box',
      'TERM=dumb',
      'A=b',
      'HOME=/root',
    ]);
    assert.ok(spec({ user: { uid: 5, gid: 5, home: '/home/u' } }).process.env.includes('HOME=/home/u'));
  });

  test('ports and ping need no privileges in a network of its own', () => {
    assert.equal(spec().linux.sysctl?.['net.ipv4.ip_unprivileged_port_start'], '0');
    assert.deepEqual(spec({ networkMode: 'host' }).linux.sysctl, {});
  });
});

describe('what was asked for', () => {
  test("capabilities are added and dropped by docker's rules", () => {
    assert.ok(bounding({ capAdd: ['net_admin'] }).includes('CAP_NET_ADMIN'));
    assert.ok(!bounding({ capDrop: ['CAP_CHOWN'] }).includes('CAP_CHOWN'));
    assert.deepEqual(bounding({ capDrop: ['ALL'], capAdd: ['CHOWN'] }), ['CAP_CHOWN']);
    assert.equal(bounding({ capAdd: ['ALL'], capDrop: ['CHOWN'] }).length, 40);
    assert.deepEqual(bounding({ capDrop: ['all'] }), []);
    assert.throws(() => spec({ capAdd: ['FLY'] }), { kind: 'invalid_argument', code: 'unknown_capability' });
  });

  test('a privileged container has no fences', () => {
    const { linux, process, mounts } = spec({ privileged: true });
    assert.equal(process.capabilities?.effective?.length, 41);
    assert.equal(linux.seccomp, undefined);
    assert.deepEqual([linux.maskedPaths, linux.readonlyPaths], [[], []]);
    assert.deepEqual(linux.resources?.devices, [{ allow: true, access: 'rwm' }]);
    assert.ok(mounts.find(({ destination }) => destination === '/sys')?.options?.includes('rw'));
  });

  test('processors are a quota of the usual period', () => {
    assert.deepEqual(spec({ nanoCpus: 1.5e9 }).linux.resources?.cpu, { quota: 150_000, period: 100_000 });
    assert.throws(() => spec({ nanoCpus: 1e9, cpuQuota: 5 }), { kind: 'invalid_argument' });
  });

  test('a memory limit allows as much swap again, unless told otherwise', () => {
    assert.deepEqual(spec({ memory: 100 }).linux.resources?.memory, { limit: 100, swap: 200 });
    assert.deepEqual(spec({ memory: 100, memorySwap: -1 }).linux.resources?.memory, { limit: 100, swap: -1 });
  });

  test('namespaces are shared as asked', () => {
    const mode = { pidMode: 'host', ipcMode: 'host', utsMode: 'host', networkMode: 'host' } as const;
    assert.deepEqual(types(mode), ['mount', 'time', 'cgroup']);
    assert.equal(spec({ utsMode: 'host' }).hostname, undefined);
    const { namespaces } = spec({ networkMode: { path: '/run/netns/a' } }).linux;
    assert.equal(namespaces.find(({ type }) => type === 'network')?.path, '/run/netns/a');
  });

  test("a bind takes the place of a default mount, and of the engine's own file", () => {
    const shm = mountAt({ binds: [{ source: '/s', destination: '/dev/shm/' }] }, '/dev/shm');
    assert.deepEqual(
      shm.map(({ source }) => source),
      ['/s'],
    );
    const hosts = { etc: { hosts: '/engine' }, binds: [{ source: '/mine', destination: '/etc/hosts' }] };
    assert.deepEqual(
      mountAt(hosts, '/etc/hosts').map(({ source }) => source),
      ['/mine'],
    );
    assert.ok(mountAt({ shmSize: 5 }, '/dev/shm')[0]?.options?.includes('size=5'));
  });

  test('binds that share mounts with the host make the root do so', () => {
    const bind = (propagation: 'rshared' | 'rslave') => ({
      binds: [{ source: '/s', destination: '/d', propagation }],
    });
    assert.equal(spec(bind('rshared')).linux.rootfsPropagation, 'shared');
    assert.equal(spec(bind('rslave')).linux.rootfsPropagation, 'slave');
  });

  test('limits have their names from ulimit or the kernel', () => {
    const ulimits = [
      { name: 'nofile', soft: 1, hard: 2 },
      { name: 'RLIMIT_CORE', soft: 0, hard: -1 },
    ];
    assert.deepEqual(
      spec({ ulimits }).process.rlimits?.map(({ type }) => type),
      ['RLIMIT_NOFILE', 'RLIMIT_CORE'],
    );
    assert.throws(() => spec({ ulimits: [{ name: 'x', soft: 1, hard: 1 }] }), { kind: 'invalid_argument' });
  });

  test('equal choices share one filter', () => {
    assert.equal(spec().linux.seccomp, spec({ memory: 5 }).linux.seccomp);
    assert.notEqual(spec().linux.seccomp, spec({ capAdd: ['SYS_ADMIN'] }).linux.seccomp);
    assert.equal(spec({ seccomp: 'unconfined' }).linux.seccomp, undefined);
  });
});
