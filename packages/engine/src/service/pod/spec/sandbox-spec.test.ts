import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { PodConfig } from '@berth/model/pod-config';
import { host, plainSecurity, podConfig } from './input-example.ts';
import { sandboxSpec } from './sandbox-spec.ts';

const made = (change: Partial<PodConfig>, netns?: string) =>
  sandboxSpec({ id: 'p1', config: { ...podConfig, ...change }, host, ...(netns === undefined ? {} : { netns }) });
const inNamespaces = (change: Partial<PodConfig['security']['namespaces']>) => ({
  security: { ...plainSecurity, namespaces: { ...plainSecurity.namespaces, ...change } },
});

describe('the spec of a sandbox', () => {
  test('its process holds the pod’s namespaces, with no rights of its own', () => {
    const spec = made({}, '/run/netns/p1');
    assert.deepEqual(
      spec.linux.namespaces.map(({ type, path = '' }) => `${type} ${path}`.trim()),
      ['mount', 'network /run/netns/p1', 'uts', 'pid', 'ipc'],
    );
    assert.deepEqual(spec.process.args, ['/pause']);
    assert.deepEqual(spec.process.capabilities, {});
    assert.equal(spec.hostname, 'web');
    assert.deepEqual(spec.root, { path: host.pauseRoot, readonly: true });
    assert.equal(spec.linux.cgroupsPath, '/kubepods/podu1/p1');
  });

  test('in the host’s network there is no host name of its own', () => {
    const spec = made({ ...inNamespaces({ network: 'node', pid: 'node', ipc: 'node' }) });
    assert.deepEqual(spec.linux.namespaces, [{ type: 'mount' }]);
    assert.equal(spec.hostname, undefined);
    assert.deepEqual(spec.linux.sysctl, {});
  });

  test('low ports and ping are free in a network of its own, unless the pod says otherwise', () => {
    const spec = made({ sysctls: { 'net.ipv4.ip_unprivileged_port_start': '80', 'kernel.shmmax': '1' } }, '/n');
    assert.deepEqual(spec.linux.sysctl, {
      'net.ipv4.ping_group_range': '0 2147483647',
      'net.ipv4.ip_unprivileged_port_start': '80',
      'kernel.shmmax': '1',
    });
  });

  test('a setting that would change the host is refused by its name', () => {
    const bad = (sysctls: Record<string, string>, change: Partial<PodConfig> = {}) =>
      assert.throws(() => made({ ...change, sysctls }), { kind: 'invalid_argument', message: /linux\.sysctls\["/ });
    bad({ 'vm.swappiness': '1' });
    bad({ 'net.ipv4.ip_forward': '1' }, inNamespaces({ network: 'node' }));
    bad({ 'kernel.shmmax': '1' }, inNamespaces({ ipc: 'node' }));
    bad({ 'kernel.hostname': 'x' });
    bad({ 'net..x': '1' });
  });

  test('a user namespace comes with its maps, and with a network that it owns', () => {
    const range = { hostId: 70_000, containerId: 0, length: 65_536 };
    const spec = made(inNamespaces({ user: { mode: 'pod', uids: [range], gids: [range] } }));
    assert.deepEqual(spec.linux.namespaces.slice(0, 3), [{ type: 'mount' }, { type: 'user' }, { type: 'network' }]);
    assert.deepEqual(spec.linux.gidMappings, [{ containerID: 0, hostID: 70_000, size: 65_536 }]);
    assert.equal(spec.process.user.uid, 65_535);
    const namespaces = inNamespaces({ pid: 'node', user: { mode: 'pod', uids: [range], gids: [range] } });
    assert.throws(() => made(namespaces), { message: /host's processes/ });
  });

  test('bad names and parents are told by their fields', () => {
    assert.throws(() => made({ hostname: 'no good' }), { message: /^hostname: / });
    assert.throws(() => made({ cgroupParent: '/a/../../b' }), { message: /cgroup_parent/ });
    assert.throws(() => made(inNamespaces({ ipc: 'target' })), { message: /namespace_options\.ipc/ });
  });
});
