import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { ContainerConfigSchema, NamespaceMode, PodSandboxConfigSchema, Signal } from '@berth/wire/gen/cri/v1/api_pb';
import { containerConfig } from './container/config.ts';
import { containerConfigMessage } from './container/config-message.ts';
import { goJson } from './go-json.ts';
import { cniResult } from './pod/cni-result.ts';
import { podConfig } from './pod/config.ts';
import { podConfigMessage } from './pod/config-message.ts';

const ranges = [{ hostId: 100_000, containerId: 0, length: 65_536 }];

const snake = [{ host_id: 100_000, length: 65_536 }];

describe('what a pod or container was made with, told in the protocol’s words', () => {
  it('a pod’s configuration comes back whole', () => {
    const asked = {
      metadata: { name: 'web', uid: 'u', namespace: 'shop', attempt: 1 },
      hostname: 'web',
      log_directory: '/var/log/pods/x',
      dns_config: { servers: ['10.0.0.10'], searches: ['a.b'] },
      port_mappings: [{ protocol: 1, container_port: 53, host_port: 5353, host_ip: '127.0.0.1' }],
      labels: { a: 'b' },
      annotations: { c: 'd' },
      linux: {
        cgroup_parent: '/kubepods/pod1',
        security_context: {
          namespace_options: { network: 2, pid: 1, userns_options: { uids: snake, gids: snake } },
          run_as_user: { value: 5 },
          supplemental_groups: [7],
          supplemental_groups_policy: 1,
          seccomp: { profile_type: 2, localhost_ref: '/p.json' },
        },
        sysctls: { 'net.core.somaxconn': '1' },
        resources: { cpu_shares: 2 },
      },
    };
    const init = create(PodSandboxConfigSchema, {
      metadata: asked.metadata,
      hostname: 'web',
      logDirectory: '/var/log/pods/x',
      dnsConfig: { servers: ['10.0.0.10'], searches: ['a.b'] },
      portMappings: [{ protocol: 1, containerPort: 53, hostPort: 5353, hostIp: '127.0.0.1' }],
      labels: { a: 'b' },
      annotations: { c: 'd' },
      linux: {
        cgroupParent: '/kubepods/pod1',
        securityContext: {
          namespaceOptions: {
            network: NamespaceMode.NODE,
            pid: NamespaceMode.CONTAINER,
            usernsOptions: { uids: ranges, gids: ranges },
          },
          runAsUser: { value: 5n },
          supplementalGroups: [7n],
          supplementalGroupsPolicy: 1,
          seccomp: { profileType: 2, localhostRef: '/p.json' },
        },
        sysctls: { 'net.core.somaxconn': '1' },
        resources: { cpuShares: 2n },
      },
    });
    assert.deepEqual(goJson(PodSandboxConfigSchema, init), asked);
    assert.deepEqual(goJson(PodSandboxConfigSchema, podConfigMessage(podConfig(init))), asked);
  });

  it('a container’s, too', () => {
    const init = create(ContainerConfigSchema, {
      metadata: { name: 'app' },
      image: { image: 'app:1', userSpecifiedImage: 'app' },
      command: ['a'],
      args: ['b'],
      workingDir: '/w',
      envs: [{ key: 'K', value: Buffer.from('v') }],
      mounts: [
        { containerPath: '/a', hostPath: '/b', readonly: true, recursiveReadOnly: true, uidMappings: ranges },
        { containerPath: '/i', image: { image: 'm:1' }, readonly: true, imageSubPath: 's' },
      ],
      devices: [{ containerPath: '/dev/a', hostPath: '/dev/b', permissions: 'rw' }],
      CDIDevices: [{ name: 'v.org/c=d' }],
      logPath: 'app/0.log',
      stdin: true,
      stopSignal: Signal.SIGRTMINPLUS3,
      linux: {
        resources: { memoryLimitInBytes: 1n << 30n, unified: { 'memory.high': '1' } },
        securityContext: {
          namespaceOptions: {},
          capabilities: { addCapabilities: ['ALL'] },
          runAsUsername: 'app',
          noNewPrivs: true,
          maskedPaths: ['/proc/x'],
        },
      },
    });
    const back = goJson(ContainerConfigSchema, containerConfigMessage(containerConfig(init)));
    assert.deepEqual(back, goJson(ContainerConfigSchema, init));
    assert.deepEqual(back['envs'], [{ key: 'K', value: 'dg==' }]);
  });

  it('the network’s result is told by interface', () => {
    const result = {
      cniVersion: '1.0.0',
      interfaces: [{ name: 'veth1' }, { name: 'eth0', mac: 'm', sandbox: '/run/netns/x' }],
      ips: [{ address: '10.88.0.2/16', gateway: '10.88.0.1', interface: 1 }],
      dns: {},
    };
    assert.deepEqual(cniResult(result)?.['Interfaces'], {
      veth1: { IPConfigs: [], Mac: '', Sandbox: '' },
      eth0: { IPConfigs: [{ IP: '10.88.0.2', Gateway: '10.88.0.1' }], Mac: 'm', Sandbox: '/run/netns/x' },
    });
    assert.equal(cniResult(undefined), null);
  });
});
