import { errnoName } from '@berth/model/error';
import { type NetworkInterface, readNetworkInterfaces } from '@berth/runtime/cgroup/event-stats';
import type { PodView } from '../pod/contract.ts';
import type { InterfaceUse, PodUsage } from './contract.ts';

/** What CNI calls a pod's first interface, and the built-in bridge too. */
const mainInterface = 'eth0';

/** Of the pod's own network namespace, by way of the sandbox's process; none in the host's network or when it has ended. */
export function podInterfaces({ config, pid }: PodView): NetworkInterface[] {
  if (config.security.namespaces.network === 'node' || pid === 0) return [];
  try {
    return readNetworkInterfaces(pid);
  } catch (error) {
    // It ended meanwhile: ESRCH and EINVAL between its end and its reaping.
    if (['ENOENT', 'ESRCH', 'EINVAL'].includes(errnoName(error) ?? '')) return [];
    throw error;
  }
}

export function networkUse(interfaces: readonly NetworkInterface[], at: bigint): PodUsage['network'] {
  const main = interfaces.find(({ Name }) => Name === mainInterface) ?? interfaces[0];
  if (main === undefined) return undefined;
  return { at, main: interfaceUse(main), others: interfaces.filter((one) => one !== main).map(interfaceUse) };
}

function interfaceUse({ Name, RxBytes, RxErrors, TxBytes, TxErrors }: NetworkInterface): InterfaceUse {
  return { name: Name, rxBytes: RxBytes, rxErrors: RxErrors, txBytes: TxBytes, txErrors: TxErrors };
}
