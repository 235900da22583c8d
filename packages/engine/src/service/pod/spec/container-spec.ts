import type { LinuxSpec, ProcessSpec, RuntimeSpec } from '@berth/model/runtime-spec';
import { signalName, signalNumber } from '@berth/model/signal';
import { withHome } from '@berth/runtime/defaults/home';
import { containerAnnotations } from './annotations.ts';
import { apparmorProfile } from './apparmor.ts';
import { capabilitySets, chooseCapabilities } from './capabilities.ts';
import { withCdi } from './cdi/cdi-devices.ts';
import { cgroupPath } from './cgroup-path.ts';
import { type ContainerMounts, containerMounts } from './container-mounts.ts';
import { containerDevicesOf } from './container-devices.ts';
import type { PodContainerSpec, PodContainerSpecInput } from './contract.ts';
import { badField } from './field-error.ts';
import { hasHugepageLimits } from './host-look.ts';
import { containerNamespaces } from './namespaces.ts';
import { environment, programArguments, workingFolder } from './process.ts';
import { relabelMounts } from './relabel-mounts.ts';
import { resourcesSpec } from './resources.ts';
import { seccompOf } from './seccomp.ts';
import { type SelinuxLabels, selinuxLabels } from './selinux.ts';
import { type ContainerUser, containerUser } from './user.ts';
import { checkMapped, checkSameMaps, podUserMaps, type UserMaps } from './user-namespace.ts';

/** What several parts of a container's spec are made of. */
interface Parts {
  readonly input: PodContainerSpecInput;
  readonly maps: UserMaps | undefined;
  readonly user: ContainerUser;
  readonly capabilities: readonly string[];
  readonly labels: SelinuxLabels | undefined;
  readonly mounted: ContainerMounts;
}

/** As `PodSpecs.container`. */
export function podContainerSpec(input: PodContainerSpecInput): PodContainerSpec {
  const parts = partsOf(input);
  const { pod, podId, config, image, host } = input;
  const { mounted, user, labels } = parts;
  if (labels !== undefined) relabelMounts(input, mounted.asked, labels.mount);
  const made: RuntimeSpec = {
    ociVersion: '1.3.0',
    process: processOf(parts),
    root: { path: host.rootPath, readonly: config.security.readonlyRootfs },
    mounts: mounted.mounts,
    annotations: containerAnnotations(podId, pod, config),
    linux: linuxOf(parts),
  };
  return {
    spec: withCdi(made, config, host.cdiFolders),
    mounts: mounted.asked.map(({ status }) => status),
    user: { uid: user.uid, gid: user.gid, supplementalGroups: user.additionalGids },
    stopSignal: signalName(signalNumber(config.stopSignal || image?.StopSignal || 'SIGTERM')),
  };
}

function partsOf(input: PodContainerSpecInput): Parts {
  const { pod, podId, config, image, host, readText } = input;
  const { security } = config;
  if (security.privileged && !pod.security.privileged) {
    throw badField('linux.security_context.privileged', 'a privileged container needs a privileged pod');
  }
  checkSameMaps(pod.security, security);
  const maps = podUserMaps(pod, host);
  const user = containerUser(security, image?.User ?? '', {
    passwd: readText('/etc/passwd'),
    group: readText('/etc/group'),
  });
  if (maps !== undefined) {
    checkMapped(maps.uidMappings, user.uid, 'run_as_user');
    checkMapped(maps.gidMappings, user.gid, 'run_as_group');
  }
  const { selinux } = pod.security;
  return {
    input,
    maps,
    user,
    capabilities: chooseCapabilities(security),
    labels: selinuxLabels(security, { id: podId, ...(selinux === undefined ? {} : { selinux }) }, host.selinux),
    mounted: containerMounts(input, maps),
  };
}

function processOf({ input, user, capabilities, labels }: Parts): ProcessSpec {
  const { pod, config, image, host, readText } = input;
  const { security } = config;
  const apparmor = apparmorProfile(security, host);
  const process: ProcessSpec = {
    terminal: config.tty,
    user,
    args: programArguments(config, image),
    env: environment(pod, config, image),
    cwd: workingFolder(config, image),
    capabilities: capabilitySets(capabilities, security, user.uid),
    noNewPrivileges: security.noNewPrivileges,
    oomScoreAdj: config.resources.oomScoreAdj,
    ...(apparmor === undefined ? {} : { apparmorProfile: apparmor }),
    ...(labels === undefined ? {} : { selinuxLabel: labels.process }),
  };
  return withHome(process, readText('/etc/passwd'));
}

function linuxOf({ input, maps, capabilities, labels, mounted }: Parts): LinuxSpec {
  const { id, pod, config, host } = input;
  const { security } = config;
  const seccomp = seccompOf(security, host.unsetSeccomp, capabilities);
  const { devices, rules } = containerDevicesOf(config);
  const propagation = rootPropagation(mounted);
  const limits = resourcesSpec(config.resources, { hugepages: hasHugepageLimits() });
  const choice = { driver: host.cgroupDriver, parent: pod.cgroupParent, fallback: host.cgroupParent, id };
  return {
    namespaces: containerNamespaces(input),
    ...maps,
    ...(devices.length === 0 ? {} : { devices }),
    cgroupsPath: cgroupPath(choice),
    resources: { ...limits, devices: rules },
    ...(propagation === undefined ? {} : { rootfsPropagation: propagation }),
    ...(seccomp === undefined ? {} : { seccomp }),
    maskedPaths: security.privileged ? [] : security.maskedPaths,
    readonlyPaths: security.privileged ? [] : security.readonlyPaths,
    ...(labels === undefined ? {} : { mountLabel: labels.mount }),
  };
}

/** A mount that shares with the host needs a root that is no private island. */
function rootPropagation({ mounts }: ContainerMounts): 'shared' | 'slave' | undefined {
  const has = (option: string) => mounts.some(({ options = [] }) => options.includes(option));
  if (has('rshared')) return 'shared';
  return has('rslave') ? 'slave' : undefined;
}
