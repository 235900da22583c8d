import type { RuntimeSpec } from '@berth/model/runtime-spec';
import { basicRules } from './basic.ts';
import { deviceRules } from './device.ts';
import { hostRules } from './host.ts';
import { hookRules } from './hook.ts';
import { memoryPolicyRules } from './memory-policy.ts';
import { mountRules } from './mount.ts';
import { namespaceRules } from './namespace.ts';
import { netDeviceRules } from './net-device.ts';
import { pathRules } from './path.ts';
import { processRules } from './process.ts';
import { resctrlRules } from './resctrl.ts';
import { resourcesRules } from './resources.ts';
import { rootlessRules } from './rootless.ts';
import type { Rule } from './rule.ts';
import { schedulingRules } from './scheduling.ts';
import { seccompRules } from './seccomp.ts';
import { sysctlRules } from './sysctl.ts';
import { userNamespaceRules } from './user-namespace.ts';

/** Rules that need the whole spec. */
export const wholeRules: readonly Rule<RuntimeSpec>[] = [
  ...basicRules,
  ...namespaceRules,
  ...userNamespaceRules,
  ...mountRules,
  ...hookRules,
  ...pathRules,
  ...sysctlRules,
  ...deviceRules,
  ...netDeviceRules,
  ...seccompRules,
  ...memoryPolicyRules,
  ...resctrlRules,
];

/** Rules of one process, of a container or of an exec. */
export const ofProcess = [...processRules, ...schedulingRules];

/** Rules of limits, of a container or of an update. */
export const ofResources = resourcesRules;

/** All rules there are, for the documentation. */
export const allRules: readonly Omit<Rule<never>, 'find'>[] = [
  ...wholeRules,
  ...ofProcess,
  ...ofResources,
  ...rootlessRules,
  ...hostRules,
];
