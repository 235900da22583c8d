import type { ProcessSpec, ResourcesSpec, RuntimeSpec } from '@berth/model/runtime-spec';
import { basicRules } from './basic.ts';
import { deviceRules } from './device.ts';
import { cpuRules } from './cpu.ts';
import { hostRules } from './host.ts';
import type { Hosted } from './host.ts';
import { hookRules } from './hook.ts';
import { memoryRules } from './memory.ts';
import { memoryPolicyRules } from './memory-policy.ts';
import { mountRules } from './mount.ts';
import { namespaceRules } from './namespace.ts';
import { netDeviceRules } from './net-device.ts';
import { pathRules } from './path.ts';
import { capabilityRules, processRules, rlimitRules } from './process.ts';

import { resctrlRules } from './resctrl.ts';
import { blockRules, deviceRuleRules, otherRules } from './resources.ts';
import { rootlessRules } from './rootless.ts';
import type { Rule, RuleGroup } from './rule.ts';
import { ioPriorityRules, schedulerRules } from './scheduling.ts';
import { seccompRules } from './seccomp.ts';
import { sysctlRules } from './sysctl.ts';
import { userNamespaceRules } from './user-namespace.ts';

/** Rules that need the whole spec. */
export const ofSpec: readonly RuleGroup<RuntimeSpec>[] = [
  { rules: basicRules },
  { rules: namespaceRules },
  { rules: userNamespaceRules, when: hasMappings },
  { rules: mountRules, when: ({ mounts }) => mounts.length > 0 },
  { rules: hookRules, when: ({ hooks }) => hooks },
  { rules: pathRules },
  { rules: sysctlRules, when: ({ linux }) => linux.sysctl },
  { rules: deviceRules, when: ({ linux }) => linux.devices },
  { rules: netDeviceRules, when: ({ linux }) => linux.netDevices },
  { rules: seccompRules, when: ({ linux }) => linux.seccomp },
  { rules: memoryPolicyRules, when: ({ linux }) => linux.memoryPolicy },
  { rules: resctrlRules, when: ({ linux }) => linux.intelRdt },
];

/** Rules of one process, of a container or of an exec. */
export const ofProcess: readonly RuleGroup<ProcessSpec>[] = [
  { rules: processRules },
  { rules: capabilityRules, when: ({ capabilities }) => capabilities },
  { rules: rlimitRules, when: ({ rlimits }) => rlimits },
  { rules: schedulerRules, when: ({ scheduler }) => scheduler },
  { rules: ioPriorityRules, when: ({ ioPriority }) => ioPriority },
];

/** Rules of limits, of a container or of an update. */
export const ofResources: readonly RuleGroup<ResourcesSpec>[] = [
  { rules: deviceRuleRules, when: ({ devices }) => devices },
  { rules: memoryRules, when: ({ memory, hugepageLimits }) => memory ?? hugepageLimits },
  { rules: cpuRules, when: ({ cpu }) => cpu },
  { rules: blockRules, when: ({ blockIO }) => blockIO },
  { rules: otherRules, when: ({ pids, network, rdma, unified }) => pids ?? network ?? rdma ?? unified },
];

/** Rules for a caller that is not root. */
export const ofRootless: readonly RuleGroup<RuntimeSpec>[] = [{ rules: rootlessRules }];

/** Rules that need a look at the machine. */
export const ofHost: readonly RuleGroup<Hosted>[] = [{ rules: hostRules }];

/** All rules there are, for the documentation. */
export const allRules: readonly Omit<Rule<never>, 'find'>[] = [
  ofSpec,
  ofProcess,
  ofResources,
  ofRootless,
  ofHost,
].flatMap((groups) => groups.flatMap(({ rules }): readonly Omit<Rule<never>, 'find'>[] => rules));

function hasMappings({ linux, mounts }: RuntimeSpec): boolean {
  return (
    linux.namespaces.some(({ type }) => type === 'user') ||
    [linux, ...mounts].some(({ uidMappings, gidMappings }) => uidMappings ?? gidMappings)
  );
}
