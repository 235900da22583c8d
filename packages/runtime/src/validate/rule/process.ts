import { posix } from 'node:path';
import type { ProcessSpec } from '@berth/model/runtime-spec';
import { capabilityBit } from '../../compile/capability.ts';
import { rlimitNumbers } from '../../compile/rlimit.ts';
import { at } from '../finding.ts';
import { listFault } from './number-list.ts';
import type { Rule } from './rule.ts';

/** 2^32-1 is "leave as it is" to the kernel. */
const noId = 0xffff_ffff;
const capabilitySets = ['bounding', 'effective', 'permitted', 'inheritable', 'ambient'] as const;

const programRules: readonly Rule<ProcessSpec>[] = [
  {
    code: 'spec.program_empty',
    meaning: '`process.args[0]`, the program, is empty',
    remedy: 'name the program to run',
    *find({ args }) {
      if (args[0] === '') yield at('args[0]', 'the program has no name');
    },
  },
  {
    code: 'spec.cwd_relative',
    meaning: '`process.cwd` is not an absolute path',
    remedy: 'write the path from the root of the container; / will do',
    *find({ cwd }) {
      if (!posix.isAbsolute(cwd)) yield at('cwd', cwd === '' ? 'is empty' : `not absolute: '${cwd}'`);
    },
  },
  {
    code: 'spec.env_malformed',
    meaning: 'an item of `process.env` is not of the form NAME=VALUE',
    remedy: 'add the =, with nothing after it for an empty value',
    *find({ env }) {
      for (const [index, item] of env.entries()) {
        if (item.indexOf('=') < 1) yield at(`env[${index}]`, `'${item}' is not NAME=VALUE`);
      }
    },
  },
  {
    code: 'spec.console_size_without_terminal',
    level: 'warning',
    meaning: '`process.consoleSize` is given without `process.terminal`',
    remedy: 'set terminal, or remove consoleSize: it is ignored',
    *find({ consoleSize, terminal }) {
      if (consoleSize && !terminal) yield at('consoleSize', 'is ignored without a terminal');
    },
  },
  {
    code: 'spec.oom_score_range',
    meaning: '`process.oomScoreAdj` is outside of -1000 to 1000',
    remedy: 'give a number from -1000, never killed, to 1000, killed first',
    *find({ oomScoreAdj = 0 }) {
      if (Math.abs(oomScoreAdj) > 1000) yield at('oomScoreAdj', `${oomScoreAdj} is outside of -1000 to 1000`);
    },
  },
];

const userRules: readonly Rule<ProcessSpec>[] = [
  {
    code: 'spec.user_id_reserved',
    meaning: 'a user or group id is 4294967295, which the kernel takes for "no change"',
    remedy: 'give a real id',
    *find({ user: { uid, gid, additionalGids = [] } }) {
      if (uid === noId) yield at('user.uid', `${noId} is no id`);
      if (gid === noId) yield at('user.gid', `${noId} is no id`);
      const index = additionalGids.indexOf(noId);
      if (index >= 0) yield at(`user.additionalGids[${index}]`, `${noId} is no id`);
    },
  },
  {
    code: 'spec.umask_range',
    meaning: '`process.user.umask` is above 511 (0777)',
    remedy: 'JSON has no octal numbers: 022 is 18',
    *find({ user: { umask = 0 } }) {
      if (umask > 0o777) yield at('user.umask', `${umask} is no file mode mask`);
    },
  },
];

/** For a process with capabilities. */
export const capabilityRules: readonly Rule<ProcessSpec>[] = [
  {
    code: 'spec.capability_unknown',
    level: 'warning',
    meaning: 'a capability has a name that no kernel we know has; it is left out',
    remedy: 'see capabilities(7); names begin with CAP_',
    *find({ capabilities = {} }) {
      for (const set of capabilitySets) {
        for (const [index, name] of (capabilities[set] ?? []).entries()) {
          if (capabilityBit(name) === undefined)
            yield at(`capabilities.${set}[${index}]`, `unknown capability ${name}`);
        }
      }
    },
  },
  {
    code: 'spec.capability_not_permitted',
    meaning: 'a capability is effective but not permitted: the kernel refuses that',
    remedy: 'add it to process.capabilities.permitted, or remove it from effective',
    *find({ capabilities: { effective = [], permitted = [] } = {} }) {
      for (const [index, name] of effective.entries()) {
        if (capabilityBit(name) !== undefined && !permitted.includes(name)) {
          yield at(`capabilities.effective[${index}]`, `${name} is not permitted`);
        }
      }
    },
  },
  {
    code: 'spec.capability_ambient_lost',
    level: 'warning',
    meaning: 'an ambient capability is not both permitted and inheritable; it is left out',
    remedy: 'add it to permitted and to inheritable',
    *find({ capabilities: { ambient = [], permitted = [], inheritable = [] } = {} }) {
      for (const [index, name] of ambient.entries()) {
        if (capabilityBit(name) !== undefined && !(permitted.includes(name) && inheritable.includes(name))) {
          yield at(`capabilities.ambient[${index}]`, `${name} is not both permitted and inheritable`);
        }
      }
    },
  },
];

/** For a process with limits. */
export const rlimitRules: readonly Rule<ProcessSpec>[] = [
  {
    code: 'spec.rlimit_unknown',
    meaning: 'the type of a resource limit is none that the kernel has',
    remedy: 'see getrlimit(2); names begin with RLIMIT_',
    *find({ rlimits = [] }) {
      for (const [index, { type }] of rlimits.entries()) {
        if (!Object.hasOwn(rlimitNumbers, type)) yield at(`rlimits[${index}].type`, `unknown limit '${type}'`);
      }
    },
  },
  {
    code: 'spec.rlimit_duplicate',
    meaning: 'a resource limit is given twice',
    remedy: 'keep one entry of each type',
    *find({ rlimits = [] }) {
      for (const [index, { type }] of rlimits.entries()) {
        const first = rlimits.findIndex((other) => other.type === type);
        if (first < index) yield at(`rlimits[${index}].type`, `${type} is already in rlimits[${first}]`);
      }
    },
  },
  {
    code: 'spec.rlimit_soft_above_hard',
    meaning: 'the soft value of a resource limit is above its hard one',
    remedy: 'raise hard, or lower soft',
    *find({ rlimits = [] }) {
      for (const [index, { soft, hard }] of rlimits.entries()) {
        if (soft > hard) yield at(`rlimits[${index}].soft`, `${soft} is above the hard limit ${hard}`);
      }
    },
  },
];

const affinityRules: readonly Rule<ProcessSpec>[] = [
  {
    code: 'spec.cpu_affinity_list',
    meaning: 'a value of `process.execCPUAffinity` is not a list of processors',
    remedy: 'write it as 0-3,7',
    *find({ execCPUAffinity = {} }) {
      for (const part of ['initial', 'final'] as const) {
        const fault = execCPUAffinity[part] === undefined ? undefined : listFault(execCPUAffinity[part]);
        if (fault !== undefined) yield at(`execCPUAffinity.${part}`, fault);
      }
    },
  },
];

/** For any process. */
export const processRules: readonly Rule<ProcessSpec>[] = [...programRules, ...userRules, ...affinityRules];
