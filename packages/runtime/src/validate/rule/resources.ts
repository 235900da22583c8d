import type { BlockIoSpec, ResourcesSpec } from '@berth/model/runtime-spec';
import { at, member } from '../finding.ts';
import type { Found } from '../finding.ts';
import { interfaceFault } from './net-device.ts';
import type { Rule } from './rule.ts';

/** PID_MAX_LIMIT of a 64-bit kernel: pids.max takes no more. */
const mostPids = 4_194_304;

/** Of `devices`: what may be used. */
export const deviceRuleRules: readonly Rule<ResourcesSpec>[] = [
  {
    code: 'spec.device_rule_access',
    meaning: '`access` of a device rule is not made of the letters r, w and m',
    remedy: 'use letters of rwm, or remove it for all',
    *find({ devices = [] }) {
      for (const [index, { access }] of devices.entries()) {
        if (access !== undefined && !/^[rwm]+$/.test(access))
          yield at(`devices[${index}].access`, `'${access}' is not of rwm`);
      }
    },
  },
  {
    code: 'spec.device_rule_number',
    meaning: 'the major or minor number of a device rule is below -1 or above 4294967295',
    remedy: 'give the number of the device, or -1 for all',
    *find({ devices = [] }) {
      for (const [index, rule] of devices.entries()) {
        for (const part of ['major', 'minor'] as const) {
          const value = rule[part] ?? 0;
          if (value < -1 || value > 0xffff_ffff) yield at(`devices[${index}].${part}`, `${value} is no ${part} number`);
        }
      }
    },
  },
  {
    code: 'spec.device_rule_all_numbered',
    level: 'warning',
    meaning: 'a device rule for all types has a major or minor number, which is ignored',
    remedy: 'use type c or b, or remove the numbers',
    *find({ devices = [] }) {
      for (const [index, { type = 'a', major = -1, minor = -1 }] of devices.entries()) {
        if (type === 'a' && (major >= 0 || minor >= 0))
          yield at(`devices[${index}].type`, 'is all: the numbers are ignored');
      }
    },
  },
];

/** Every weight of a block device or of the cgroup. */
function* weights({ weight, leafWeight, weightDevice = [] }: BlockIoSpec): Generator<[string, number | undefined]> {
  yield ['weight', weight];
  yield ['leafWeight', leafWeight];
  for (const [index, device] of weightDevice.entries()) {
    yield [`weightDevice[${index}].weight`, device.weight];
    yield [`weightDevice[${index}].leafWeight`, device.leafWeight];
  }
}

const blockLists = [
  'weightDevice',
  'throttleReadBpsDevice',
  'throttleWriteBpsDevice',
  'throttleReadIOPSDevice',
  'throttleWriteIOPSDevice',
] as const;

function* blockDevices(blockIO: BlockIoSpec): Generator<Found> {
  for (const list of blockLists) {
    for (const [index, device] of (blockIO[list] ?? []).entries()) {
      for (const part of ['major', 'minor'] as const) {
        if (device[part] < 0) yield at(`blockIO.${list}[${index}].${part}`, `${device[part]} is no ${part} number`);
      }
    }
  }
}

/** Of `blockIO`. */
export const blockRules: readonly Rule<ResourcesSpec>[] = [
  {
    code: 'spec.block_weight_range',
    meaning: 'a weight of `blockIO` is outside of 10 to 1000',
    remedy: 'give a number from 10 to 1000, or 0 for the default',
    *find({ blockIO = {} }) {
      for (const [path, weight = 0] of weights(blockIO)) {
        if (weight !== 0 && (weight < 10 || weight > 1000))
          yield at(`blockIO.${path}`, `${weight} is outside of 10 to 1000`);
      }
    },
  },
  {
    code: 'spec.block_weight_missing',
    meaning: 'an item of `blockIO.weightDevice` has neither weight nor leafWeight',
    remedy: 'give one of them',
    *find({ blockIO: { weightDevice = [] } = {} }) {
      for (const [index, { weight, leafWeight }] of weightDevice.entries()) {
        if (weight === undefined && leafWeight === undefined)
          yield at(`blockIO.weightDevice[${index}]`, 'has no weight');
      }
    },
  },
  {
    code: 'spec.block_device_number',
    meaning: 'the major or minor number of a block device in `blockIO` is negative',
    remedy: 'give the numbers of the device; ls -l shows them',
    *find({ blockIO = {} }) {
      yield* blockDevices(blockIO);
    },
  },
];

/** Of `pids`, `network`, `rdma` and `unified`. */
export const otherRules: readonly Rule<ResourcesSpec>[] = [
  {
    code: 'spec.pids_limit_range',
    meaning: `\`pids.limit\` is below -1 or above ${mostPids}`,
    remedy: 'give a number of tasks, or -1 for no limit',
    *find({ pids: { limit } = { limit: 0 } }) {
      if (limit < -1 || limit > mostPids) yield at('pids.limit', `${limit} is outside of -1 to ${mostPids}`);
    },
  },
  {
    code: 'spec.network_priority_name',
    meaning: 'a name in `network.priorities` cannot be that of a network device',
    remedy: 'name a device of the host, as ip link shows it',
    *find({ network: { priorities = [] } = {} }) {
      for (const [index, { name }] of priorities.entries()) {
        const fault = interfaceFault(name);
        if (fault !== undefined) yield at(`network.priorities[${index}].name`, fault);
      }
    },
  },
  {
    code: 'spec.rdma_limit_missing',
    meaning: 'an entry of `rdma` has neither hcaHandles nor hcaObjects',
    remedy: 'give one of them',
    *find({ rdma = {} }) {
      for (const [name, { hcaHandles, hcaObjects }] of Object.entries(rdma)) {
        if (hcaHandles === undefined && hcaObjects === undefined) yield at(member('rdma', name), 'has no limit');
      }
    },
  },
  {
    code: 'spec.rdma_device_name',
    meaning: 'a key of `rdma` cannot be the name of an RDMA device',
    remedy: 'use a name from /sys/class/infiniband',
    *find({ rdma = {} }) {
      for (const name of Object.keys(rdma)) {
        if (/[\s/\0]/.test(name)) yield at(member('rdma', name), `'${name}' is no name of a device`);
      }
    },
  },
  {
    code: 'spec.unified_key',
    meaning: 'a key of `unified` is not the name of a cgroup file',
    remedy: 'use the name of one file, such as memory.high, without slashes',
    *find({ unified = {} }) {
      for (const name of Object.keys(unified)) {
        if (!/^[\w-]+(\.[\w-]+)+$/.test(name))
          yield at(member('unified', name), `'${name}' is no name of a cgroup file`);
      }
    },
  },
  {
    code: 'spec.unified_process_file',
    meaning: 'a key of `unified` is one of the files cgroup.*, which move processes or change the tree',
    remedy: 'remove it: the runtime itself does that',
    *find({ unified = {} }) {
      for (const name of Object.keys(unified).filter((each) => each.startsWith('cgroup.'))) {
        yield at(member('unified', name), "is the runtime's own business");
      }
    },
  },
];
