import { existsSync } from 'node:fs';
import { arch, cpus, release } from 'node:os';
import type { LinuxSpec, NamespaceSpec, ProcessSpec, RuntimeSpec } from '@berth/model/runtime-spec';
import { rlimitNumbers } from '../compile/rlimit.ts';
import { invalid } from '../compile/invalid.ts';
import { capabilitySets, chooseCapabilities } from './capability-set.ts';
import type { ContainerSpecInput, NamespaceChoice, SpecFacts } from './container-spec-input.ts';
import { maskedPaths, networkSysctls, readonlyPaths, thermalThrottlePaths } from './docker.ts';
import { environment } from './environment.ts';
import { deviceRulesOf, resources } from './resources.ts';
import { specMounts } from './spec-mounts.ts';
import { seccompFor } from './seccomp-choice.ts';

/** The running machine's facts, but for its devices. */
export function hostSpecFacts(): SpecFacts {
  return {
    architecture: arch() === 'arm64' ? 'arm64' : 'x64',
    kernel: release(),
    timeNamespaces: existsSync('/proc/self/ns/time'),
    cpuCount: existsSync('/sys/devices/system/cpu/cpu0/thermal_throttle') ? cpus().length : 0,
  };
}

/**
 * The runtime spec of a container with docker's defaults. Pure. Throws `invalid_argument` for what
 * cannot be (unknown capability or limit, nanoCpus beside a quota); the rest is for the compiler.
 */
export function buildSpec(input: ContainerSpecInput, facts: SpecFacts): RuntimeSpec {
  const { hostname, domainname, utsMode } = input;
  const ownUts = utsMode === undefined || utsMode === 'private';
  return {
    ociVersion: '1.3.0',
    ...(ownUts && hostname ? { hostname } : {}),
    ...(ownUts && domainname ? { domainname } : {}),
    process: processOf(input),
    root: { path: input.rootPath, readonly: input.readonlyRootfs ?? false },
    mounts: specMounts(input),
    ...(input.annotations === undefined ? {} : { annotations: input.annotations }),
    linux: linuxOf(input, facts),
  };
}

/** The spec of a container for which nothing was asked but a program: docker's defaults as such. */
export function defaultSpec(
  options: Pick<ContainerSpecInput, 'rootPath' | 'args'> & Partial<ContainerSpecInput>,
  facts: SpecFacts = hostSpecFacts(),
): RuntimeSpec {
  return buildSpec(options, facts);
}

function processOf(input: ContainerSpecInput): ProcessSpec {
  const { home: _, ...user } = input.user ?? { uid: 0, gid: 0 };
  const rlimits = input.ulimits?.map(({ name, soft, hard }, index) => {
    const type = name.startsWith('RLIMIT_') ? name : `RLIMIT_${name.toUpperCase()}`;
    if (rlimitNumbers[type] === undefined) {
      throw invalid(`ulimits[${index}].name`, `unknown limit ${name}`, 'see getrlimit(2)');
    }
    return { type, soft, hard };
  });
  return {
    terminal: input.tty ?? false,
    ...(input.consoleSize === undefined ? {} : { consoleSize: input.consoleSize }),
    user,
    args: input.args,
    env: environment(input),
    cwd: input.cwd || '/',
    capabilities: capabilitySets(capabilitiesOf(input), user.uid),
    ...(rlimits === undefined ? {} : { rlimits }),
    noNewPrivileges: input.noNewPrivileges ?? false,
    ...(input.oomScoreAdj === undefined ? {} : { oomScoreAdj: input.oomScoreAdj }),
  };
}

function linuxOf(input: ContainerSpecInput, facts: SpecFacts): LinuxSpec {
  const { privileged = false } = input;
  const seccomp = seccompFor(input, capabilitiesOf(input), facts);
  const devices = [...(privileged ? (facts.hostDevices ?? []) : []), ...(input.devices ?? [])];
  const hidden = privileged ? [] : [...maskedPaths, ...thermalThrottlePaths(facts.cpuCount ?? 0)];
  const propagation = rootPropagation(input);
  return {
    namespaces: namespacesOf(input, facts),
    ...(devices.length === 0 ? {} : { devices }),
    ...(input.cgroupsPath === undefined ? {} : { cgroupsPath: input.cgroupsPath }),
    resources: { ...resources(input), devices: deviceRulesOf(input) },
    ...(propagation === undefined ? {} : { rootfsPropagation: propagation }),
    ...(seccomp === undefined ? {} : { seccomp }),
    sysctl: { ...(hasOwnNetwork(input) ? networkSysctls : {}), ...input.sysctls },
    maskedPaths: input.maskedPaths ?? hidden,
    readonlyPaths: input.readonlyPaths ?? (privileged ? [] : readonlyPaths),
  };
}

function capabilitiesOf({ capAdd, capDrop, privileged }: ContainerSpecInput): string[] {
  return chooseCapabilities({
    ...(capAdd === undefined ? {} : { add: capAdd }),
    ...(capDrop === undefined ? {} : { drop: capDrop }),
    ...(privileged === undefined ? {} : { privileged }),
  });
}

function namespacesOf(input: ContainerSpecInput, facts: SpecFacts): NamespaceSpec[] {
  const { networkMode = 'none' } = input;
  const network = networkMode === 'none' ? 'private' : networkMode;
  const time = input.timeMode ?? (facts.timeNamespaces === false ? 'host' : 'private');
  return [
    { type: 'mount' },
    ...one('network', network),
    ...one('time', time),
    ...one('uts', input.utsMode),
    ...one('pid', input.pidMode),
    ...one('ipc', input.ipcMode),
    // Privileged containers manage the host's cgroups: they get the host's view, as in docker.
    ...one('cgroup', input.cgroupnsMode ?? (input.privileged ? 'host' : 'private')),
  ];
}

function one(type: NamespaceSpec['type'], choice: NamespaceChoice = 'private'): NamespaceSpec[] {
  if (choice === 'host') return [];
  return [choice === 'private' ? { type } : { type, path: choice.path }];
}

/** Settings of a namespace that somebody else made are somebody else's. */
function hasOwnNetwork({ networkMode }: ContainerSpecInput): boolean {
  return networkMode !== 'host';
}

/** A bind that shares its mounts with the host needs a root that is no private island. */
function rootPropagation({ binds = [] }: ContainerSpecInput): 'shared' | 'slave' | undefined {
  if (binds.some(({ propagation }) => propagation?.endsWith('shared'))) return 'shared';
  if (binds.some(({ propagation }) => propagation?.endsWith('slave'))) return 'slave';
  return undefined;
}
