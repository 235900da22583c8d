import { CgroupDriver, type RuntimeConfig } from '@berth/wire/gen/cri/v1/api_pb';
import type { PodNetwork } from '#service/network/contract';
import type { CriFacts } from '../backend.ts';

/** kubelet goes by it, and puts its pods' cgroups where it says: it does not change while the daemon runs. */
export function cgroupDriver({ cgroupDriver: driver }: CriFacts): CgroupDriver {
  return driver === 'systemd' ? CgroupDriver.SYSTEMD : CgroupDriver.CGROUPFS;
}

/** kubelet sends the addresses of the node's pods whenever it learns of them; there may be none. */
export async function updateRuntimeConfig(network: PodNetwork, config: RuntimeConfig | undefined): Promise<void> {
  const ranges = config?.networkConfig?.podCidr ?? '';
  if (ranges !== '') await network.setPodRanges(ranges);
}
