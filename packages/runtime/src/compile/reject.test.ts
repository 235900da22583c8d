import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { BerthError } from '@berth/model/error';
import type { ProcessSpec, RuntimeSpec } from '@berth/model/runtime-spec';
import { compileContainer } from './container.ts';
import type { HostFacts } from './facts.ts';

const facts: HostFacts = {
  cgroup: { version: 2, hierarchies: [], unified: '/sys/fs/cgroup', controllers: ['memory'] },
  cgroupPath: '/berth/c1',
  stdin: false,
  architecture: 'x64',
  shim: { socket: '/s', journal: '/j', log: '', logMaxBytes: 0, logMaxFiles: 1 },
};

const good: RuntimeSpec = {
  ociVersion: '1.3.0',
  process: { user: { uid: 0, gid: 0 }, args: ['sh'], env: [], cwd: '/' },
  root: { path: '/srv/root' },
  mounts: [],
  linux: { namespaces: [{ type: 'mount' }, { type: 'pid' }] },
};

type Linux = Partial<RuntimeSpec['linux']>;
const withProcess = (process: Partial<ProcessSpec>): RuntimeSpec => ({
  ...good,
  process: { ...good.process, ...process },
});
const withLinux = (linux: Linux): RuntimeSpec => ({ ...good, linux: { ...good.linux, ...linux } });
const withMount = (mount: RuntimeSpec['mounts'][number]): RuntimeSpec => ({ ...good, mounts: [mount] });
const user = { uid: 0, gid: 0 };
const map = [{ containerID: 0, hostID: 1, size: 1 }];

const bad: readonly (readonly [string, RuntimeSpec])[] = [
  ['process.args', withProcess({ args: [] })],
  ['process.args[0]', withProcess({ args: [''] })],
  ['process.args[1]', withProcess({ args: ['sh', 'a\0b'] })],
  ['process.env[0]', withProcess({ env: ['A=\0'] })],
  ['process.cwd', withProcess({ cwd: 'srv' })],
  ['process.cwd', withProcess({ cwd: '' })],
  ['process.user.uid', withProcess({ user: { uid: -1, gid: 0 } })],
  ['process.user.gid', withProcess({ user: { uid: 0, gid: 2 ** 32 - 1 } })],
  ['process.user.additionalGids[1]', withProcess({ user: { ...user, additionalGids: [1, 1.5] } })],
  ['process.user.umask', withProcess({ user: { ...user, umask: 0o1000 } })],
  ['process.capabilities.bounding[0]', withProcess({ capabilities: { bounding: ['CAP_FLY'] } })],
  ['process.capabilities.effective', withProcess({ capabilities: { effective: ['CAP_KILL'] } })],
  ['process.rlimits[0].type', withProcess({ rlimits: [{ type: 'RLIMIT_X', soft: 1, hard: 1 }] })],
  ['process.rlimits[0].soft', withProcess({ rlimits: [{ type: 'RLIMIT_CPU', soft: 2, hard: 1 }] })],
  ['process.oomScoreAdj', withProcess({ oomScoreAdj: 1001 })],
  ['root.path', { ...good, root: { path: 'root' } }],
  ['hostname', { ...good, hostname: 'h' }],
  ['domainname', { ...good, domainname: 'd' }],
  ['linux.namespaces[0].type', withLinux({ namespaces: [{ type: 'moon' as 'pid' }] })],
  ['linux.namespaces[1].type', withLinux({ namespaces: [{ type: 'pid' }, { type: 'pid' }] })],
  ['linux.namespaces[0].path', withLinux({ namespaces: [{ type: 'pid', path: 'x' }] })],
  ['linux.namespaces', withLinux({ namespaces: [{ type: 'pid' }] })],
  ['linux.rootfsPropagation', withLinux({ rootfsPropagation: 'odd' as 'slave' })],
  ['linux.rootfsPropagation', withLinux({ rootfsPropagation: 'shared' })],
  ['linux.devices[0].type', withLinux({ devices: [{ path: '/dev/x', type: 'z' as 'c' }] })],
  ['linux.devices[0].major', withLinux({ devices: [{ path: '/dev/x', type: 'c' }] })],
  ['linux.devices[0].path', withLinux({ devices: [{ path: 'x', type: 'p' }] })],
  ['linux.maskedPaths[0]', withLinux({ maskedPaths: ['proc'] })],
  ['linux.sysctl["net.ipv4.ip_forward"]', withLinux({ sysctl: { 'net.ipv4.ip_forward': '1' } })],
  ['linux.sysctl["kernel.pid_max"]', withLinux({ sysctl: { 'kernel.pid_max': '1' } })],
  ['linux.resources.memory.swap', withLinux({ resources: { memory: { limit: 10, swap: 5 } } })],
  ['linux.resources.cpu.quota', withLinux({ resources: { cpu: { quota: 1.5 } } })],
  ['linux.seccomp.default.action', withLinux({ seccomp: { defaultAction: 'SCMP_ACT_MAYBE' } })],
  ['mounts[0].destination', withMount({ destination: '/x/..', type: 'tmpfs' })],
  ['mounts[0].destination', withMount({ destination: '/proc', type: 'tmpfs' })],
  ['mounts[0].destination', withMount({ destination: '/proc/', type: 'bind', source: '/srv', options: ['bind'] })],
  ['mounts[0].destination', withMount({ destination: '/proc/self/attr', type: 'tmpfs' })],
  ['mounts[0].gidMappings', withMount({ destination: '/x', source: '/a', options: ['bind'], uidMappings: map })],
  ['mounts[0].options', withMount({ destination: '/x', source: '/a', options: ['bind', 'idmap'] })],
  ['mounts[0].options', withMount({ destination: '/x', type: 'tmpfs', options: ['idmap'] })],
  ['linux.timeOffsets', withLinux({ timeOffsets: { boottime: { secs: 1 } } })],
  ['linux.personality.flags', withLinux({ personality: { domain: 'LINUX', flags: ['X'] } })],
  ['linux.memoryPolicy.nodes', withLinux({ memoryPolicy: { mode: 'MPOL_BIND', nodes: '3-1' } })],
  ['process.scheduler.policy', withProcess({ scheduler: { policy: 'SCHED_X' } })],
  ['process.ioPriority.priority', withProcess({ ioPriority: { class: 'IOPRIO_CLASS_BE', priority: 8 } })],
  ['mounts[0].type', withMount({ destination: '/x' })],
  ['mounts[0].source', withMount({ destination: '/x', type: 'bind', source: 'a' })],
  ['mounts[0].options', withMount({ destination: '/x', source: '/a', options: ['bind', 'shiny'] })],
  ['linux.uidMappings', withLinux({ uidMappings: [{ containerID: 0, hostID: 1, size: 1 }] })],
  ['linux.uidMappings', withLinux({ namespaces: [{ type: 'mount' }, { type: 'user' }] })],
  ['hooks.createContainer[0].path', { ...good, hooks: { createContainer: [{ path: 'x' }] } }],
  ['hooks.startContainer[0].timeout', { ...good, hooks: { startContainer: [{ path: '/x', timeout: -1 }] } }],
  [
    'linux.seccomp.listenerPath',
    withLinux({
      seccomp: { defaultAction: 'SCMP_ACT_ALLOW', syscalls: [{ names: ['mkdir'], action: 'SCMP_ACT_NOTIFY' }] },
    }),
  ],
];

describe('a spec that cannot be run is refused with the path of the bad field', () => {
  for (const [path, spec] of bad) {
    test(path, () => {
      assert.throws(
        () => compileContainer(spec, facts),
        (error: unknown) =>
          error instanceof BerthError && error.kind === 'invalid_argument' && error.message.startsWith(`${path}:`),
      );
    });
  }

  test('the spec that these are made from is good', () => {
    assert.ok(compileContainer(good, facts).records.length > 10);
  });

  test('what the host does not have is no fault of the spec', () => {
    const labels = [withProcess({ apparmorProfile: 'p' }), withProcess({ selinuxLabel: 'l' })];
    for (const spec of [...labels, withLinux({ intelRdt: {} })]) {
      assert.throws(() => compileContainer(spec, facts), { kind: 'failed_precondition' });
    }
  });

  test('lower paths of more than a page are refused, not cut off', () => {
    const options = [`lowerdir=${'/layer'.repeat(1000)}`];
    const rootMounts = [{ type: 'overlay', source: 'overlay', options }];
    assert.throws(() => compileContainer(good, { ...facts, rootMounts }), { kind: 'invalid_argument' });
  });
});
