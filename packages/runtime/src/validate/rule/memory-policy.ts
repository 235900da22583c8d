import type { MemoryPolicySpec, RuntimeSpec } from '@berth/model/runtime-spec';
import { at } from '../finding.ts';
import { listFault } from './number-list.ts';
import type { Rule } from './rule.ts';

const nodeless = ['MPOL_DEFAULT', 'MPOL_LOCAL'];
const needy = ['MPOL_BIND', 'MPOL_INTERLEAVE', 'MPOL_WEIGHTED_INTERLEAVE', 'MPOL_PREFERRED_MANY'];
const balanced = ['MPOL_BIND', 'MPOL_PREFERRED_MANY'];

/** Why set_mempolicy(2) refuses the flags; undefined when it does not. */
function flagFault({ mode, nodes, flags = [] }: MemoryPolicySpec): string | undefined {
  const [fixed, relative] = [flags.includes('MPOL_F_STATIC_NODES'), flags.includes('MPOL_F_RELATIVE_NODES')];
  if (fixed && relative) return 'MPOL_F_STATIC_NODES and MPOL_F_RELATIVE_NODES exclude each other';
  if ((fixed || relative) && nodes === undefined) return `${mode} has no nodes that a flag could be about`;
  if (flags.includes('MPOL_F_NUMA_BALANCING') && !balanced.includes(mode)) return `${mode} has no NUMA balancing`;
  return undefined;
}

export const memoryPolicyRules: readonly Rule<RuntimeSpec>[] = [
  {
    code: 'spec.memory_policy_list',
    meaning: '`linux.memoryPolicy.nodes` is not a list of numbers and ranges',
    remedy: 'write it as 0-1,3',
    *find({ linux: { memoryPolicy } }) {
      const fault = memoryPolicy?.nodes === undefined ? undefined : listFault(memoryPolicy.nodes);
      if (fault !== undefined) yield at('linux.memoryPolicy.nodes', fault);
    },
  },
  {
    code: 'spec.memory_policy_nodes',
    meaning: '`linux.memoryPolicy.nodes` is given for a mode without nodes, or missing for one that needs some',
    remedy: 'MPOL_DEFAULT and MPOL_LOCAL have none, MPOL_PREFERRED may have some, all others need some',
    *find({ linux: { memoryPolicy } }) {
      if (memoryPolicy === undefined) return;
      const { mode, nodes } = memoryPolicy;
      if (nodeless.includes(mode) && nodes !== undefined) yield at('linux.memoryPolicy.nodes', `${mode} has no nodes`);
      if (needy.includes(mode) && nodes === undefined) yield at('linux.memoryPolicy.nodes', `${mode} needs nodes`);
    },
  },
  {
    code: 'spec.memory_policy_flags',
    meaning: '`linux.memoryPolicy.flags` do not go together, or not with the mode',
    remedy: 'see set_mempolicy(2)',
    *find({ linux: { memoryPolicy } }) {
      const fault = memoryPolicy && flagFault(memoryPolicy);
      if (fault !== undefined) yield at('linux.memoryPolicy.flags', fault);
    },
  },
];
