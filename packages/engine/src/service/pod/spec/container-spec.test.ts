import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { BerthError } from '@berth/model/error';
import type { PodSecurity, UserNamespace } from '@berth/model/pod-config';
import { podContainerSpec } from './container-spec.ts';
import { containerInput, host, noLimits, plainSecurity, withContainer } from './input-example.ts';

const refused = (field: RegExp) => (error: BerthError) =>
  error.kind === 'invalid_argument' && error.code === 'bad_field' && field.test(error.message);

const specOf = (...change: Parameters<typeof withContainer>) => podContainerSpec(withContainer(...change)).spec;

describe('the spec of a container in a pod', () => {
  test('a container for which nothing is asked joins its pod and has no mask that was not sent', () => {
    const { spec, user, stopSignal } = podContainerSpec(containerInput);
    assert.deepEqual(spec.linux.namespaces, [
      { type: 'mount' },
      { type: 'network', path: '/run/netns/p1' },
      { type: 'uts', path: '/proc/77/ns/uts' },
      { type: 'ipc', path: '/proc/77/ns/ipc' },
      { type: 'pid' },
      { type: 'cgroup' },
    ]);
    assert.deepEqual(spec.linux.maskedPaths, ['/proc/kcore']);
    assert.equal(spec.linux.seccomp, undefined);
    assert.equal(spec.linux.cgroupsPath, '/kubepods/podu1/c1');
    assert.deepEqual(user, { uid: 0, gid: 0, supplementalGroups: [0] });
    assert.equal(stopSignal, 'SIGTERM');
    assert.deepEqual(spec.process.args, ['sleep', '1']);
  });

  test('variables of the container win over those of the image, and those over the defaults', () => {
    const { env } = specOf({ tty: true, envs: [{ key: 'A', value: 'own=1' }] }).process;
    assert.deepEqual(env, ['PATH=/bin', 'TERM=xterm', 'HOSTNAME=web', 'A=own=1', 'HOME=/root']);
  });

  test('a command takes the place of the entrypoint and of the image’s arguments; arguments alone follow the entrypoint', () => {
    const image = { Entrypoint: ['/entry'], Cmd: ['default'] };
    const args = (config: Parameters<typeof withContainer>[0]) =>
      podContainerSpec({ ...withContainer(config), image }).spec.process.args;
    assert.deepEqual(args({ command: ['own'] }), ['own']);
    assert.deepEqual(args({ args: ['other'] }), ['/entry', 'other']);
    assert.deepEqual(args({ command: ['own'], args: ['x'] }), ['own', 'x']);
    assert.deepEqual(args({}), ['/entry', 'default']);
    assert.throws(() => podContainerSpec({ ...withContainer({}), image: {} }), refused(/^command: /));
  });

  test('the stop signal is the container’s, then the image’s', () => {
    const image = { Cmd: ['x'], StopSignal: '3' };
    assert.equal(podContainerSpec({ ...containerInput, image }).stopSignal, 'SIGQUIT');
    const own = withContainer({ stopSignal: 'SIGRTMIN+3' });
    assert.equal(podContainerSpec({ ...own, image }).stopSignal, 'SIGRTMIN+3');
  });

  test('pid namespaces: of the pod, of the host, of another container', () => {
    const pidOf = (pid: 'pod' | 'node' | 'target', targetPid?: number) =>
      podContainerSpec({
        ...withContainer({}, { namespaces: { ...plainSecurity.namespaces, pid, targetId: 'c0' } }),
        ...(targetPid === undefined ? {} : { targetPid }),
      }).spec.linux.namespaces.find(({ type }) => type === 'pid');
    assert.deepEqual(pidOf('pod'), { type: 'pid', path: '/proc/77/ns/pid' });
    assert.equal(pidOf('node'), undefined);
    assert.deepEqual(pidOf('target', 99), { type: 'pid', path: '/proc/99/ns/pid' });
    assert.throws(() => pidOf('target'), refused(/target_id/));
  });

  test('in the network of the host there is no namespace for it, nor for the host name', () => {
    const namespaces = { ...plainSecurity.namespaces, network: 'node', ipc: 'node' } as const;
    const security = { ...plainSecurity, namespaces };
    const spec = specOf({}, { namespaces }, { security });
    const types = spec.linux.namespaces.map(({ type }) => type);
    assert.deepEqual(types, ['mount', 'pid', 'cgroup']);
  });

  test('a privileged container has all devices, no masks, no filter and the host’s cgroups to write', () => {
    const security: PodSecurity = { ...plainSecurity, privileged: true };
    const spec = specOf({}, { privileged: true, seccomp: { type: 'runtime-default', ref: '' } }, { security });
    assert.deepEqual(spec.linux.maskedPaths, []);
    assert.equal(spec.linux.seccomp, undefined);
    assert.deepEqual(spec.linux.resources?.devices, [{ allow: true, access: 'rwm' }]);
    assert.ok(spec.linux.devices?.some(({ path }) => path === '/dev/null'));
    assert.ok(!spec.linux.namespaces.some(({ type }) => type === 'cgroup'));
    const cgroup = spec.mounts.find(({ destination }) => destination === '/sys/fs/cgroup');
    assert.deepEqual([cgroup?.type, cgroup?.options], ['bind', ['rbind', 'rprivate', 'rw']]);
    assert.throws(() => specOf({}, { privileged: true }), refused(/privileged pod/));
  });

  test('a memory limit leaves no swap, unless swap is spoken of; huge pages only where there are some', () => {
    const limits = specOf({ resources: { ...noLimits, memoryLimit: 1 << 26, cpuShares: 256 } }).linux.resources;
    assert.deepEqual(limits?.memory, { limit: 1 << 26, swap: 1 << 26 });
    assert.deepEqual(limits?.cpu, { shares: 256 });
    const swapping = specOf({ resources: { ...noLimits, memoryLimit: 1 << 26, memorySwapLimit: -1 } });
    assert.deepEqual(swapping.linux.resources?.memory, { limit: 1 << 26, swap: -1 });
    const bad = { ...noLimits, memoryLimit: 1 << 27, memorySwapLimit: 1 << 26 };
    assert.throws(() => specOf({ resources: bad }), refused(/memory_swap_limit_in_bytes/));
    assert.throws(() => specOf({ resources: { ...noLimits, cpuShares: -5 } }), refused(/cpu_shares/));
  });

  test('systemd cgroups are scopes in the slice that kubelet names', () => {
    const input = { ...withContainer({}, {}, { cgroupParent: '/kubepods.slice/kubepods-podu1.slice' }) };
    const systemd = { ...host, cgroupDriver: 'systemd' } as const;
    assert.equal(podContainerSpec({ ...input, host: systemd }).spec.linux.cgroupsPath, 'kubepods-podu1.slice:berth:c1');
    const unnamed = { ...withContainer({}, {}, { cgroupParent: '' }), host: systemd };
    assert.equal(podContainerSpec(unnamed).spec.linux.cgroupsPath, 'system.slice:berth:c1');
    const path = { ...withContainer({}, {}, { cgroupParent: '/not/a/slice' }), host: systemd };
    assert.throws(() => podContainerSpec(path), refused(/cgroup_parent/));
  });

  test('a container is in its pod’s user namespace, with the same maps, or refused', () => {
    const user: UserNamespace = {
      mode: 'pod',
      uids: [{ hostId: 100_000, containerId: 0, length: 65_536 }],
      gids: [{ hostId: 100_000, containerId: 0, length: 65_536 }],
    };
    const namespaces = { ...plainSecurity.namespaces, user };
    const pod = { security: { ...plainSecurity, namespaces } };
    const spec = specOf({}, { namespaces }, pod);
    assert.deepEqual(spec.linux.uidMappings, [{ containerID: 0, hostID: 100_000, size: 65_536 }]);
    assert.deepEqual(spec.linux.namespaces[1], { type: 'user', path: '/proc/77/ns/user' });
    const hosts = spec.mounts.find(({ destination }) => destination === '/etc/hosts');
    assert.deepEqual(hosts?.uidMappings, spec.linux.uidMappings);
    assert.throws(() => specOf({}, {}, pod), refused(/not the pod's/));
    assert.throws(() => specOf({}, { namespaces, runAsUser: 70_000 }, pod), refused(/not mapped/));
    const noHost = { ...withContainer({}, { namespaces }, pod), host: { ...host, userNamespaces: false } };
    assert.throws(() => podContainerSpec(noHost), { code: 'no_user_namespaces' });
  });

  test('what a user namespace cannot be is told by its field', () => {
    const range = { hostId: 1000, containerId: 0, length: 10 };
    const cases: [UserNamespace, RegExp][] = [
      [{ mode: 'container', uids: [], gids: [] }, /CONTAINER is not a mode/],
      [{ mode: 'node', uids: [range], gids: [] }, /no mappings/],
      [{ mode: 'pod', uids: [], gids: [range] }, /uids: mode POD needs/],
      [{ mode: 'pod', uids: [range, range], gids: [range] }, /only one mapping/],
      [{ mode: 'pod', uids: [{ ...range, containerId: 1 }], gids: [range] }, /id 0/],
      [{ mode: 'pod', uids: [range], gids: [{ ...range, length: 0 }] }, /gids\[0\]\.length/],
    ];
    for (const [user, message] of cases) {
      const namespaces = { ...plainSecurity.namespaces, user };
      const pod = { security: { ...plainSecurity, namespaces } };
      assert.throws(() => specOf({}, { namespaces }, pod), refused(message));
    }
  });
});
