import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ContainerSpecInput } from '../defaults/container-spec-input.ts';
import { buildSpec } from '../defaults/spec.ts';
import { template } from '../template/template.ts';
import { validateRootless, validateSpec } from './validate.ts';

const facts = { architecture: 'x64', kernel: '6.18.0', cpuCount: 2 } as const;
const built = (input: Partial<ContainerSpecInput> = {}) =>
  buildSpec({ rootPath: '/r', args: ['sh'], hostname: 'box', ...input }, facts);
/** As a file would have it: without undefined members. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

const minimal = {
  ociVersion: '1.0.2-dev',
  process: { args: ['sh'], cwd: '/' },
  root: { path: 'rootfs' },
  linux: { namespaces: [{ type: 'mount' }] },
};

const inputs: Readonly<Record<string, Partial<ContainerSpecInput>>> = {
  'with nothing asked for': {},
  privileged: { privileged: true },
  'with a terminal': { tty: true, consoleSize: { height: 24, width: 80 } },
  'with limits': { memory: 64 << 20, nanoCpus: 5e8, pidsLimit: 10, cpusetCpus: '0-1', cpusetMems: '0' },
  'with ulimits': { ulimits: [{ name: 'nofile', soft: 5, hard: 6 }] },
  'in the namespaces of others': { networkMode: { path: '/run/netns/a' }, pidMode: 'host', ipcMode: { path: '/p' } },
  "on the host's network": { networkMode: 'host', utsMode: 'host' },
  'with binds and a tmpfs': {
    binds: [{ source: '/a', destination: '/b', readonly: true, propagation: 'rshared' }],
    tmpfs: [{ destination: '/t', options: ['size=1m'] }],
  },
  'with a device': { devices: [{ path: '/dev/fuse', type: 'c', major: 10, minor: 229, fileMode: 0o666 }] },
};

describe('good specs have no findings', () => {
  for (const [name, input] of Object.entries(inputs)) {
    test(`docker's defaults ${name}`, () => {
      assert.deepEqual(validateSpec(plain(built(input))).warnings, []);
    });
  }

  const parts: Readonly<Record<string, object>> = {
    'lists of processors': { resources: { cpu: { cpus: '0-31:2/8, 40', mems: '0' } } },
    'all unlimited': { resources: { memory: { limit: -1, swap: -1 }, cpu: { quota: -1 }, pids: { limit: -1 } } },
    'swap without a limit': { resources: { memory: { swap: 1 << 20 } } },
    'a device rule for all': { resources: { devices: [{ allow: false }] } },
    'a class of its own': { intelRdt: { closID: 'c', l3CacheSchema: 'L3:0=f', memBwSchema: 'MB:0=20' } },
    'the default class': { intelRdt: { closID: '/', enableMonitoring: true } },
    'a renamed device': {
      netDevices: { 'eth0.100': { name: 'lan' } },
      namespaces: [{ type: 'mount' }, { type: 'network' }],
    },
    'swapped devices': {
      netDevices: { a: { name: 'b' }, b: { name: 'a' } },
      namespaces: [{ type: 'mount' }, { type: 'network' }],
    },
    'preferred nodes': { memoryPolicy: { mode: 'MPOL_PREFERRED', nodes: '0-1', flags: ['MPOL_F_STATIC_NODES'] } },
    'a joined user namespace': {
      namespaces: [{ type: 'mount' }, { type: 'user', path: '/proc/7/ns/user' }],
      uidMappings: [{ containerID: 0, hostID: 1000, size: 65536 }],
    },
    'an agent': {
      seccomp: {
        defaultAction: 'SCMP_ACT_ALLOW',
        listenerPath: '/run/agent.sock',
        listenerMetadata: 'm',
        flags: ['SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV'],
        syscalls: [{ names: ['mkdir'], action: 'SCMP_ACT_NOTIFY' }],
      },
    },
  };

  for (const [name, linux] of Object.entries(parts)) {
    test(name, () => {
      const spec = { ...minimal, linux: { ...minimal.linux, ...linux } };
      assert.deepEqual(validateSpec(spec).warnings, []);
    });
  }

  test('mounts that change one that is there', () => {
    const mounts = [
      { destination: '/proc', options: ['remount', 'ro'] },
      { destination: '/etc', options: ['remount', 'bind', 'ro'] },
    ];
    assert.deepEqual(validateSpec({ ...minimal, mounts }).warnings, []);
  });

  test('a valid spec is given back as it is', () => {
    const spec = plain(built({ tty: true, memory: 1 << 20 }));
    assert.deepEqual(validateSpec(spec).spec, spec);
  });

  for (const cgroupVersion of [1, 2] as const) {
    test(`the template on cgroup v${cgroupVersion}, also without root`, () => {
      const rootless = { uid: 1000, gid: 1000 };
      assert.deepEqual(validateSpec(template({ cgroupVersion })).warnings, []);
      const { spec, warnings } = validateSpec(template({ cgroupVersion, rootless }));
      assert.deepEqual(warnings, []);
      validateRootless(spec);
    });
  }
});

describe('what tools written in Go leave to the reader', () => {
  test('defaults are filled in', () => {
    const { ociVersion, process, root } = minimal;
    const { spec } = validateSpec({ ociVersion, process, root, linux: { namespaces: [{ type: 'mount' }] } });
    assert.deepEqual(spec.process.user, { uid: 0, gid: 0 });
    assert.deepEqual(spec.process.env, []);
    assert.deepEqual(spec.mounts, []);
    assert.deepEqual(validateSpec({ ...minimal, process: { ...process, user: { gid: 5 } } }).spec.process.user, {
      uid: 0,
      gid: 5,
    });
  });

  test('null is absent, and so is an empty text where it can mean nothing', () => {
    const { spec } = validateSpec({
      ...minimal,
      hostname: '',
      mounts: null,
      hooks: null,
      process: { ...minimal.process, capabilities: null, apparmorProfile: '' },
      linux: {
        namespaces: [{ type: 'mount', path: '' }],
        cgroupsPath: '',
        rootfsPropagation: '',
        seccomp: { defaultAction: '', syscalls: null },
      },
    });
    assert.deepEqual(spec.linux, { namespaces: [{ type: 'mount' }] });
    assert.ok(!('hostname' in spec || 'hooks' in spec || 'capabilities' in spec.process));
    assert.deepEqual(spec.mounts, []);
  });

  test('sections of other systems and unknown members are not looked at', () => {
    const { spec } = validateSpec({ ...minimal, windows: 5, solaris: [], vm: {}, zos: null, freebsd: 'x', later: 1 });
    assert.equal((spec as object as { later: number }).later, 1);
  });

  test('numbers of 64 bits keep their digits, and small bigints become numbers', () => {
    const rlimits = [{ type: 'RLIMIT_CORE', soft: 7n, hard: 2n ** 64n - 1n }];
    const [limit] = validateSpec({ ...minimal, process: { ...minimal.process, rlimits } }).spec.process.rlimits ?? [];
    assert.deepEqual(limit, { type: 'RLIMIT_CORE', soft: 7, hard: 2n ** 64n - 1n });
  });

  test("podman's device modes, with the type in them, become permissions", () => {
    const devices = [{ path: '/dev/fuse', type: 'c', major: 10, minor: 229, fileMode: 0o20666 }];
    const { spec, warnings } = validateSpec({ ...minimal, linux: { ...minimal.linux, devices } });
    assert.equal(spec.linux.devices?.[0]?.fileMode, 0o666);
    assert.deepEqual(warnings, []);
  });

  test('the recursive words of root propagation mean the plain ones', () => {
    const linux = { ...minimal.linux, rootfsPropagation: 'rslave' };
    assert.equal(validateSpec({ ...minimal, linux }).spec.linux.rootfsPropagation, 'slave');
  });

  test('what is ignored with a warning is not in the result', () => {
    const { spec, warnings } = validateSpec({
      ...minimal,
      mounts: [{ destination: 'data/x', type: 'tmpfs' }],
      process: { ...minimal.process, capabilities: { bounding: ['CAP_KILL', 'CAP_FLY'], comment: 'mine' } },
      linux: { ...minimal.linux, personality: { domain: 'LINUX32', flags: ['x'] } },
    });
    assert.equal(warnings.length, 3);
    assert.equal(spec.mounts[0]?.destination, '/data/x');
    assert.deepEqual(spec.process.capabilities, { bounding: ['CAP_KILL'] });
    assert.deepEqual(spec.linux.personality, { domain: 'LINUX32' });
  });
});
