import type { DeviceRule } from '@berth/model/runtime-spec';
import { allowsAll } from '../cgroup/device-rule.ts';
import type { CgroupLayout } from '../cgroup/layout.ts';
import { capabilityBit } from './capability.ts';

/**
 * Whether nothing keeps the container from a device that it can name. On v2 device rules are an eBPF
 * program, for which the plan has no record yet. Until then two other fences stand in for it, unless
 * all devices are allowed anyway: no CAP_MKNOD, and no devices on the root file system (an image may
 * bring nodes). The devices of /dev are on a mount of their own and stay usable.
 */
export function devicesAreOpen(layout: CgroupLayout, rules: readonly DeviceRule[] = []): boolean {
  return layout.version === 2 && !allowsAll(rules);
}

/** The capabilities a process may have, less CAP_MKNOD where that would open every device. */
export function withoutMknod(available: bigint | undefined, open: boolean): bigint {
  const all = available ?? 0xffff_ffff_ffff_ffffn;
  return open ? all & ~(capabilityBit('CAP_MKNOD') ?? 0n) : all;
}
