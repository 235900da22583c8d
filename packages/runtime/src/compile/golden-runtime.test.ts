import { describe, test } from 'node:test';
import type { LinuxSpec, ProcessSpec, RuntimeSpec } from '@berth/model/runtime-spec';
import type { Plan } from '../plan/record.ts';
import { compileContainer } from './container.ts';
import { compileExec } from './exec.ts';
import type { HostFacts } from './facts.ts';
import { checkGolden, v1, v2 } from './golden-file.ts';

/** As `berth-oci create` has it. */
const facts: HostFacts = {
  id: 'c1',
  bundle: '/bundle',
  cgroup: { ...v1, hierarchies: v1.hierarchies.slice(2, 4) },
  cgroupPath: '/c1',
  stdin: true,
  inherit: { preserve: 0 },
  created: { gate: '/run/berth-oci/c1/start.sock' },
  architecture: 'x64',
  rootTarget: '/bundle/rootfs',
  rootParent: '/',
};

const base: RuntimeSpec = {
  ociVersion: '1.3.0',
  process: { user: { uid: 0, gid: 0 }, args: ['sh'], env: ['PATH=/bin'], cwd: '/' },
  root: { path: '/bundle/rootfs' },
  mounts: [{ destination: '/proc', type: 'proc', source: 'proc' }],
  annotations: { 'org.example.a': 'b "c"' },
  linux: { namespaces: [{ type: 'mount' }, { type: 'pid' }] },
};

const withLinux = (linux: Partial<LinuxSpec>, more: Partial<RuntimeSpec> = {}): RuntimeSpec => ({
  ...base,
  ...more,
  linux: { ...base.linux, ...linux },
});
const withProcess = (process: Partial<ProcessSpec>): RuntimeSpec => ({
  ...base,
  process: { ...base.process, ...process },
});

const namespaces: LinuxSpec['namespaces'] = [
  { type: 'mount' },
  { type: 'pid' },
  { type: 'network' },
  { type: 'cgroup' },
  { type: 'user' },
];
const map = [{ containerID: 0, hostID: 100_000, size: 65_536 }];
const one = [{ containerID: 0, hostID: 1000, size: 1 }];
const devices: RuntimeSpec['mounts'] = [
  { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'mode=755'] },
  { destination: '/dev/pts', type: 'devpts', source: 'devpts', options: ['newinstance', 'gid=5'] },
  { destination: '/data', type: 'bind', source: 'data', options: ['rbind', 'ro'] },
  { destination: '/sys/fs/cgroup', type: 'cgroup', source: 'cgroup', options: ['ro'] },
];
const tuned: Partial<ProcessSpec> = {
  scheduler: { policy: 'SCHED_DEADLINE', flags: ['SCHED_FLAG_RESET_ON_FORK'], runtime: 1n, deadline: 2, period: 3 },
  ioPriority: { class: 'IOPRIO_CLASS_BE', priority: 3 },
  rlimits: [{ type: 'RLIMIT_NOFILE', soft: 10, hard: 18_446_744_073_709_551_615n }],
  oomScoreAdj: 100,
};
const exec = { ...facts, created: undefined, namespaces, pid: 4242, annotations: base.annotations! };

const plans: Readonly<Record<string, () => Plan>> = {
  bare: () => compileContainer(base, { ...facts, inherit: { preserve: 2 }, pidfdSocket: '/p', noNewKeyring: true }),
  'bare-terminal': () =>
    compileContainer(
      { ...withProcess({ terminal: true }), mounts: [...base.mounts, ...devices.slice(0, 2)] },
      { ...facts, consoleSocket: '/c', noPivot: true },
    ),
  hooks: () => {
    const hook = { path: '/bin/h', args: ['h', '1'], env: ['A=b'] };
    const hooks = { createRuntime: [hook], createContainer: [hook], startContainer: [{ ...hook, timeout: 3 }] };
    return compileContainer({ ...base, hooks }, { ...facts, created: 'ask' });
  },
  'user-namespace': () =>
    compileContainer(
      {
        ...withLinux({ namespaces, uidMappings: map, gidMappings: map }, { mounts: devices }),
        process: { ...base.process, ...tuned },
      },
      facts,
    ),
  'user-namespace-host-cgroups': () =>
    compileContainer(
      withLinux(
        { namespaces: namespaces.filter(({ type }) => type !== 'cgroup'), uidMappings: map, gidMappings: map },
        { mounts: devices.slice(3) },
      ),
      facts,
    ),
  'user-namespace-joined': () =>
    compileContainer(
      withLinux(
        { namespaces: [...base.linux.namespaces, { type: 'user', path: '/proc/7/ns/user' }] },
        { mounts: devices },
      ),
      { ...facts, idMappings: { uid: map, gid: map } },
    ),
  rootless: () =>
    compileContainer(withLinux({ namespaces, uidMappings: one, gidMappings: one }, { mounts: devices }), {
      ...facts,
      rootless: true,
      cgroupPath: '',
    }),
  'rootless-ranges': () =>
    compileContainer(withLinux({ namespaces, uidMappings: map, gidMappings: map }), {
      ...facts,
      rootless: true,
      cgroup: v2,
      inUserNamespace: true,
    }),
  mounts: () =>
    compileContainer(
      withLinux(
        { rootfsPropagation: 'unbindable' },
        {
          mounts: [
            { destination: 'relative', type: 'tmpfs', options: ['rro', 'tmpcopyup', 'shared', 'mand'] },
            { destination: '/mixed', source: '/a', options: ['rbind', 'ro', 'rnosuid', 'rslave'] },
            { destination: '/mapped', source: '/b', options: ['bind', 'ridmap'], uidMappings: map, gidMappings: one },
            { destination: '/proc', type: 'none', options: ['remount', 'bind', 'ro'] },
            { destination: '/iso', type: 'iso9660', source: '/dev/sr0', options: ['ro', 'nosymfollow', 'lazytime'] },
          ],
        },
      ),
      facts,
    ),
  time: () => {
    const timeOffsets = { monotonic: { secs: 7, nanosecs: 3 }, boottime: { secs: -1 } };
    return compileContainer(
      withLinux({ namespaces: [...base.linux.namespaces, { type: 'time' }], timeOffsets }),
      facts,
    );
  },
  tuning: () =>
    compileContainer(
      {
        ...withLinux({
          personality: { domain: 'LINUX32' },
          memoryPolicy: { mode: 'MPOL_BIND', nodes: '0,64', flags: ['MPOL_F_STATIC_NODES'] },
        }),
        process: { ...base.process, ...tuned },
      },
      facts,
    ),
  labels: () =>
    compileContainer(
      {
        ...withLinux({ mountLabel: 'system_u:object_r:container_file_t:s0:c1,c2' }, { mounts: devices.slice(0, 1) }),
        process: { ...base.process, apparmorProfile: 'berth', selinuxLabel: 'system_u:system_r:container_t:s0' },
      },
      { ...facts, apparmor: true, selinux: true },
    ),
  'seccomp-agent': () =>
    compileContainer(
      withLinux({
        seccomp: {
          defaultAction: 'SCMP_ACT_ALLOW',
          listenerPath: '/agent',
          listenerMetadata: 'm',
          syscalls: [{ names: ['mkdir'], action: 'SCMP_ACT_NOTIFY' }],
        },
      }),
      facts,
    ),
  'systemd-scope': () => compileContainer(base, { ...facts, cgroup: v2, systemdScope: true }),
  resctrl: () =>
    compileContainer(withLinux({ intelRdt: { schemata: ['L3:0=ff'], enableMonitoring: true } }), {
      ...facts,
      cgroup: v2,
      resctrl: '/sys/fs/resctrl',
    }),
  'mount-namespace-joined': () =>
    compileContainer(
      {
        ...withLinux({ namespaces: [{ type: 'mount', path: '/proc/7/ns/mnt' }] }),
        process: { ...base.process, apparmorProfile: 'berth' },
      },
      { ...facts, apparmor: true },
    ),
  'exec-bare': () => compileExec(base.process, { ...exec, pidfdSocket: '/p' }),
  'exec-rootless': () =>
    compileExec({ ...base.process, ...tuned }, { ...exec, rootless: true, cgroupPath: '', setgroups: false }),
  'exec-affinity': () => {
    const process = { ...base.process, execCPUAffinity: { initial: '0-2', final: '1,70' } };
    return compileExec(process, { ...exec, cgroup: v2, subCgroups: new Map([['', '/sub']]) });
  },
};

describe('plans of a bare runtime are what they were', () => {
  for (const [name, plan] of Object.entries(plans)) test(name, () => checkGolden(name, plan()));
});
