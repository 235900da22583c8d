import { actionNames, filterFlagBits } from '../../seccomp/action.ts';
import { operatorNames } from '../../seccomp/condition.ts';
import type { CodeText } from './code.ts';

/** The words that a member may be, and the code for any other. */
export interface Words<W extends string> {
  readonly code: `spec.unknown_${string}`;
  readonly meaning: string;
  readonly hint: string;
  readonly names: readonly W[];
}

function words<const W extends string>(name: string, where: string, names: readonly W[]): Words<W> {
  return {
    code: `spec.unknown_${name}`,
    meaning: `${where} is none of the words there are`,
    hint: `use one of: ${names.join(', ')}`,
    names,
  };
}

export const namespaceTypes = words('namespace', '`linux.namespaces[].type`', [
  'pid',
  'network',
  'mount',
  'ipc',
  'uts',
  'user',
  'cgroup',
  'time',
]);

export const deviceTypes = words('device_type', '`linux.devices[].type`', ['c', 'b', 'u', 'p']);

export const deviceRuleTypes = words('device_rule_type', '`linux.resources.devices[].type`', ['a', 'c', 'b']);

/** runc and its callers also use the recursive forms, which mean the same for the root of a new namespace. */
export const rootPropagations = words('root_propagation', '`linux.rootfsPropagation`', [
  'private',
  'slave',
  'shared',
  'unbindable',
  'rprivate',
  'rslave',
  'rshared',
  'runbindable',
]);

export const personalityDomains = words('personality_domain', '`linux.personality.domain`', ['LINUX', 'LINUX32']);

export const ioClasses = words('io_priority_class', '`process.ioPriority.class`', [
  'IOPRIO_CLASS_RT',
  'IOPRIO_CLASS_BE',
  'IOPRIO_CLASS_IDLE',
]);

export const schedulerPolicies = words('scheduler_policy', '`process.scheduler.policy`', [
  'SCHED_OTHER',
  'SCHED_FIFO',
  'SCHED_RR',
  'SCHED_BATCH',
  'SCHED_ISO',
  'SCHED_IDLE',
  'SCHED_DEADLINE',
]);

export const schedulerFlags = words('scheduler_flag', '`process.scheduler.flags[]`', [
  'SCHED_FLAG_RESET_ON_FORK',
  'SCHED_FLAG_RECLAIM',
  'SCHED_FLAG_DL_OVERRUN',
  'SCHED_FLAG_KEEP_POLICY',
  'SCHED_FLAG_KEEP_PARAMS',
  'SCHED_FLAG_UTIL_CLAMP_MIN',
  'SCHED_FLAG_UTIL_CLAMP_MAX',
]);

export const memoryPolicyModes = words('memory_policy_mode', '`linux.memoryPolicy.mode`', [
  'MPOL_DEFAULT',
  'MPOL_BIND',
  'MPOL_INTERLEAVE',
  'MPOL_WEIGHTED_INTERLEAVE',
  'MPOL_PREFERRED',
  'MPOL_PREFERRED_MANY',
  'MPOL_LOCAL',
]);

export const memoryPolicyFlags = words('memory_policy_flag', '`linux.memoryPolicy.flags[]`', [
  'MPOL_F_NUMA_BALANCING',
  'MPOL_F_RELATIVE_NODES',
  'MPOL_F_STATIC_NODES',
]);

export const seccompActions = words('seccomp_action', 'a seccomp action', actionNames);

export const seccompOperators = words('seccomp_operator', '`linux.seccomp.syscalls[].args[].op`', operatorNames);

export const seccompFlags = words('seccomp_flag', '`linux.seccomp.flags[]`', Object.keys(filterFlagBits));

/** Machines that Berth does not run on too: a profile may name them, and they never match. */
export const seccompArchitectures = words('seccomp_architecture', '`linux.seccomp.architectures[]`', [
  'SCMP_ARCH_X86',
  'SCMP_ARCH_X86_64',
  'SCMP_ARCH_X32',
  'SCMP_ARCH_ARM',
  'SCMP_ARCH_AARCH64',
  'SCMP_ARCH_LOONGARCH64',
  'SCMP_ARCH_M68K',
  'SCMP_ARCH_MIPS',
  'SCMP_ARCH_MIPS64',
  'SCMP_ARCH_MIPS64N32',
  'SCMP_ARCH_MIPSEL',
  'SCMP_ARCH_MIPSEL64',
  'SCMP_ARCH_MIPSEL64N32',
  'SCMP_ARCH_PPC',
  'SCMP_ARCH_PPC64',
  'SCMP_ARCH_PPC64LE',
  'SCMP_ARCH_S390',
  'SCMP_ARCH_S390X',
  'SCMP_ARCH_SH',
  'SCMP_ARCH_SHEB',
  'SCMP_ARCH_PARISC',
  'SCMP_ARCH_PARISC64',
  'SCMP_ARCH_RISCV64',
]);

const all: readonly Words<string>[] = [
  namespaceTypes,
  deviceTypes,
  deviceRuleTypes,
  rootPropagations,
  personalityDomains,
  ioClasses,
  schedulerPolicies,
  schedulerFlags,
  memoryPolicyModes,
  memoryPolicyFlags,
  seccompActions,
  seccompOperators,
  seccompFlags,
  seccompArchitectures,
];

/** Their codes, for the documentation. */
export const wordCodes: Readonly<Record<string, CodeText>> = Object.fromEntries(
  all.map(({ code, meaning, hint }) => [code, { meaning, remedy: hint }]),
);
