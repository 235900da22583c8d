import { capabilityNames } from '../compile/capability.ts';
import { mountOptionNames } from '../compile/mount-option.ts';
import { findCriu } from '../criu/program.ts';
import { actionNames, filterFlagBits } from '../seccomp/action.ts';
import { architectures } from '../seccomp/architecture.ts';
import { operatorNames } from '../seccomp/condition.ts';
import { newestVersion, oldestVersion } from '../validate/rule/basic.ts';
import { hookKinds } from '../validate/rule/hook.ts';
import { kernelTakesFilterFlag } from './kernel-flag.ts';
import { memoryPolicyFlags, memoryPolicyModes, namespaceTypes } from '../validate/shape/words.ts';

type TakesFlag = (name: string) => boolean;

/** What the answer depends on. */
export interface FeaturesHost {
  /** Of Berth, `0.1.0`. */
  readonly version: string;
  /** Whether the kernel takes a filter flag. Default: it is asked. */
  readonly takesFilterFlag?: TakesFlag;
  /** Whether there is a criu program. Default: it is looked for in PATH. */
  readonly criu?: boolean;
}

/** Annotations of a config that change what the runtime does; a final dot means all that begin so. */
export const meaningfulAnnotations: readonly string[] = ['org.systemd.property.', 'org.criu.config'];

/**
 * What `berth-oci features` says, features.md of the runtime spec 1.3: what the runtime implements, whether or not this
 * machine has it; but for `supportedFlags`, which is about the kernel, and checkpoints, which criu makes.
 */
export function features({
  version,
  takesFilterFlag = kernelTakesFilterFlag,
  criu = findCriu() !== undefined,
}: FeaturesHost) {
  return {
    ociVersionMin: oldestVersion,
    ociVersionMax: newestVersion,
    hooks: hookKinds,
    mountOptions: mountOptionNames(),
    linux: linuxFeatures(takesFilterFlag),
    annotations: {
      'org.berth.version': version,
      'org.opencontainers.runc.checkpoint.enabled': String(criu),
    },
    potentiallyUnsafeConfigAnnotations: meaningfulAnnotations,
  };
}

function linuxFeatures(takesFilterFlag: TakesFlag) {
  return {
    namespaces: [...namespaceTypes.names].toSorted(),
    capabilities: capabilityNames,
    cgroup: { v1: true, v2: true, systemd: true, systemdUser: true, rdma: true },
    seccomp: seccompFeatures(takesFilterFlag),
    apparmor: { enabled: true },
    selinux: { enabled: true },
    intelRdt: { enabled: true, schemata: true, monitoring: true },
    memoryPolicy: { modes: [...memoryPolicyModes.names].toSorted(), flags: [...memoryPolicyFlags.names].toSorted() },
    mountExtensions: { idmap: { enabled: true } },
    netDevices: { enabled: true },
  };
}

function seccompFeatures(takesFilterFlag: TakesFlag) {
  const flags = Object.keys(filterFlagBits);
  return {
    enabled: true,
    actions: [...actionNames].toSorted(),
    operators: [...operatorNames].toSorted(),
    // Those that a filter can be made for, not all that a profile may name.
    archs: architectures.map(({ name }) => name).toSorted(),
    knownFlags: flags,
    supportedFlags: flags.filter(takesFilterFlag),
  };
}
