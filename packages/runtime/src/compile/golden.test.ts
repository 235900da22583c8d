import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { RuntimeSpec } from '@berth/model/runtime-spec';
import type { ContainerSpecInput } from '../defaults/container-spec-input.ts';
import { buildSpec } from '../defaults/spec.ts';
import { compileContainer } from './container.ts';
import { compileExec } from './exec.ts';
import type { HostFacts } from './facts.ts';
import { checkGolden, v1, v2 } from './golden-file.ts';

const facts: HostFacts = {
  cgroup: { ...v1, cpuset: { path: '/', cpus: '0-1', mems: '0' } },
  cgroupPath: '/berth/c1',
  stdin: false,
  architecture: 'x64',
  shim: { socket: '/run/berth/c1/s', journal: '/run/berth/c1/j', log: '', logMaxBytes: 0, logMaxFiles: 1 },
  rootTarget: '/run/berth/c1/root',
  rootMounts: [
    {
      type: 'overlay',
      source: 'overlay',
      options: ['lowerdir=3:2:1', 'upperdir=9/fs', 'workdir=9/work'],
      cwd: '/var/lib/berth/snapshots',
    },
  ],
};
const onV2: HostFacts = { ...facts, cgroup: v2 };

function spec(input: Partial<ContainerSpecInput> = {}): RuntimeSpec {
  return buildSpec(
    { rootPath: '/run/berth/c1/root', args: ['sh', '-c', 'echo hi'], hostname: 'c1', ...input },
    { architecture: 'x64', kernel: '6.18.0' },
  );
}

const limits = {
  memory: 64 << 20,
  nanoCpus: 5e8,
  cpuShares: 512,
  pidsLimit: 100,
  cpusetCpus: '1',
  memoryReservation: 32 << 20,
};
const user = { uid: 1000, gid: 1000, additionalGids: [5, 27], home: '/home/u' };

const plans: Readonly<Record<string, () => ReturnType<typeof compileContainer>>> = {
  default: () => compileContainer(spec(), facts),
  'default-v2': () => compileContainer(spec(), onV2),
  'plain-folder': () => {
    const { rootMounts: _, rootTarget: __, ...folder } = facts;
    return compileContainer(spec({ rootPath: '/srv/root' }), folder);
  },
  tty: () => compileContainer(spec({ tty: true, consoleSize: { height: 24, width: 80 } }), { ...facts, stdin: true }),
  'read-only': () =>
    compileContainer(
      spec({ readonlyRootfs: true, cwd: '/work', tmpfs: [{ destination: '/tmp', options: ['size=1m'] }] }),
      facts,
    ),
  'no-new-privileges': () => compileContainer(spec({ noNewPrivileges: true, user }), facts),
  'host-network': () => compileContainer(spec({ networkMode: 'host' }), facts),
  'joined-namespaces': () =>
    compileContainer(
      spec({
        networkMode: { path: '/run/netns/pod' },
        ipcMode: { path: '/proc/7/ns/ipc' },
        utsMode: { path: '/proc/7/ns/uts' },
        pidMode: { path: '/proc/7/ns/pid' },
      }),
      facts,
    ),
  user: () =>
    compileContainer(
      spec({
        user,
        capAdd: ['net_admin'],
        ulimits: [{ name: 'nofile', soft: 1024, hard: -1 }],
        oomScoreAdj: -500,
      }),
      facts,
    ),
  'limits-v1': () => compileContainer(spec(limits), facts),
  'limits-v2': () => compileContainer(spec(limits), onV2),
  binds: () =>
    compileContainer(
      spec({
        binds: [
          { source: '/srv/a', destination: '/a', readonly: true, options: ['rro'] },
          { source: '/srv/b', destination: '/b/c', propagation: 'rshared' },
          { source: '/srv/d', destination: '/d', propagation: 'rslave', options: ['noexec', 'noatime'] },
        ],
        etc: {
          hosts: '/run/berth/c1/hosts',
          resolvConf: '/run/berth/c1/resolv.conf',
          hostname: '/run/berth/c1/hostname',
        },
      }),
      { ...facts, rootParent: '/run' },
    ),
  privileged: () => compileContainer(spec({ privileged: true }), facts),
  'no-capabilities': () => compileContainer(spec({ capDrop: ['ALL'], seccomp: 'unconfined' }), facts),
  'exec-tty': () =>
    compileExec(
      { ...spec({ tty: true }).process, args: ['/bin/bash'], cwd: '/srv' },
      { ...facts, stdin: true, namespaces: spec().linux.namespaces, seccomp: spec().linux.seccomp! },
    ),
  'exec-v2': () =>
    compileExec(spec({ user }).process, { ...onV2, namespaces: spec({ pidMode: 'host' }).linux.namespaces }),
};

describe('plans are what they were', () => {
  for (const [name, plan] of Object.entries(plans)) {
    test(name, () => {
      checkGolden(name, plan());
    });
  }

  test('the same spec gives the same plan', () => {
    assert.deepEqual(compileContainer(spec(limits), facts), compileContainer(spec(limits), facts));
  });
});
