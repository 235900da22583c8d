import type { BlockIoSpec, CpuSpec, DeviceRule, MemorySpec, ResourcesSpec, Throttle } from '@berth/model/runtime-spec';
import {
  bool,
  freeText,
  int53,
  int64,
  list,
  map,
  object,
  oneOf,
  optionalText,
  text,
  uint16,
  uint32,
  uint53,
  uint64,
} from './guard.ts';
import { deviceRuleTypes } from './words.ts';

const deviceRule = object<DeviceRule>(
  { allow: bool, type: oneOf(deviceRuleTypes), major: int53, minor: int53, access: text },
  { required: ['allow'] },
);

const memory = object<MemorySpec>({
  limit: int64,
  reservation: int64,
  swap: int64,
  kernel: int64,
  kernelTCP: int64,
  swappiness: uint64,
  disableOOMKiller: bool,
  useHierarchy: bool,
  checkBeforeUpdate: bool,
});

const cpu = object<CpuSpec>({
  shares: uint53,
  quota: int53,
  burst: uint53,
  period: uint53,
  realtimeRuntime: int53,
  realtimePeriod: uint53,
  cpus: optionalText,
  mems: optionalText,
  idle: int53,
});

type WeightDevice = NonNullable<BlockIoSpec['weightDevice']>[number];
type Network = NonNullable<ResourcesSpec['network']>;

const throttles = list(
  object<Throttle>({ major: int53, minor: int53, rate: uint64 }, { required: ['major', 'minor', 'rate'] }),
);

const blockIO = object<BlockIoSpec>({
  weight: uint16,
  leafWeight: uint16,
  weightDevice: list(
    object<WeightDevice>(
      { major: int53, minor: int53, weight: uint16, leafWeight: uint16 },
      { required: ['major', 'minor'] },
    ),
  ),
  throttleReadBpsDevice: throttles,
  throttleWriteBpsDevice: throttles,
  throttleReadIOPSDevice: throttles,
  throttleWriteIOPSDevice: throttles,
});

const network = object<Network>({
  classID: uint32,
  priorities: list(
    object<NonNullable<Network['priorities']>[number]>(
      { name: text, priority: uint32 },
      { required: ['name', 'priority'] },
    ),
  ),
});

/** `linux.resources`, and the whole of what `update -r` reads; config-linux.md "Control groups". */
export const resourcesShape = object<ResourcesSpec>({
  devices: list(deviceRule),
  memory,
  cpu,
  pids: object<NonNullable<ResourcesSpec['pids']>>({ limit: int53 }, { required: ['limit'] }),
  blockIO,
  hugepageLimits: list(
    object<NonNullable<ResourcesSpec['hugepageLimits']>[number]>(
      { pageSize: text, limit: uint64 },
      { required: ['pageSize', 'limit'] },
    ),
  ),
  network,
  rdma: map(object<NonNullable<ResourcesSpec['rdma']>[string]>({ hcaHandles: uint32, hcaObjects: uint32 })),
  unified: map(freeText),
});
