import type { NamespaceOptions, PodConfig } from '@berth/model/pod-config';
import type { NamespaceSpec } from '@berth/model/runtime-spec';
import type { PodContainerSpecInput, SandboxSpecInput } from './contract.ts';
import { badField } from './field-error.ts';

const field = 'linux.security_context.namespace_options';

/** Whether the pod lives in the host's network. */
export function isHostNetwork({ security }: PodConfig): boolean {
  return security.namespaces.network === 'node';
}

/** What the sandbox's process holds for its pod: all but what is the host's. */
export function sandboxNamespaces({ config, netns }: SandboxSpecInput, hasUser: boolean): NamespaceSpec[] {
  const { pid, ipc } = checkModes(config.security.namespaces);
  const network = isHostNetwork(config) ? [] : [namespace('network', netns), namespace('uts')];
  return [
    { type: 'mount' },
    ...(hasUser ? [namespace('user')] : []),
    ...network,
    ...(pid === 'node' ? [] : [namespace('pid')]),
    ...(ipc === 'node' ? [] : [namespace('ipc')]),
  ];
}

/**
 * A container's: network, ipc and host name are its pod's, processes are as it says. The cgroup namespace is as the
 * peers have it: the container's own on v2, but for privileged ones; the host's on v1.
 */
export function containerNamespaces(input: PodContainerSpecInput): NamespaceSpec[] {
  const { pod, podPid, netns, config, host } = input;
  const of = (name: string) => `/proc/${podPid}/ns/${name}`;
  const hasUser = pod.security.namespaces.user?.mode === 'pod';
  const ownCgroup = host.cgroupVersion === 2 && !config.security.privileged;
  return [
    { type: 'mount' },
    ...(hasUser ? [namespace('user', of('user'))] : []),
    ...(isHostNetwork(pod) ? [] : [namespace('network', netns || of('net')), namespace('uts', of('uts'))]),
    ...(pod.security.namespaces.ipc === 'node' ? [] : [namespace('ipc', of('ipc'))]),
    ...processNamespace(input, of('pid')),
    ...(ownCgroup ? [namespace('cgroup')] : []),
  ];
}

function processNamespace({ config, targetPid }: PodContainerSpecInput, podPath: string): NamespaceSpec[] {
  const { pid, targetId } = checkModes(config.security.namespaces);
  switch (pid) {
    case 'node':
      return [];
    case 'container':
      return [namespace('pid')];
    case 'pod':
      return [namespace('pid', podPath)];
    case 'target':
      if (targetPid) return [namespace('pid', `/proc/${targetPid}/ns/pid`)];
      throw badField(`${field}.target_id`, `container '${targetId}' does not run in this pod`);
  }
}

function checkModes(options: NamespaceOptions): NamespaceOptions {
  for (const type of ['network', 'ipc'] as const) {
    if (options[type] === 'target') throw badField(`${field}.${type}`, 'TARGET is for the pid namespace only');
  }
  return options;
}

function namespace(type: NamespaceSpec['type'], path?: string): NamespaceSpec {
  return path ? { type, path } : { type };
}
