import { closeSync, openSync } from 'node:fs';
import { addressBytes, parseRange } from '@berth/model/address-range';
import { addAddress, addDefaultRoute, makeVeth, setHairpin, setUp } from '@berth/runtime/network/change';
import { findLink, type LinkFacts } from '@berth/runtime/network/look-up';
import { RouteChannel } from '@berth/runtime/network/route-channel';
import { gatewayOf } from './free-address.ts';
import type { Lease } from './leases.ts';
import { macOf, macText } from './mac.ts';

/** Kubernetes' name of a pod's interface. */
export const podInterface = 'eth0';

/** Puts the namespace on the bridge, with the addresses of the lease. @throws the kernel's errno; half of it may be left */
export async function plugIn(
  lease: Lease,
  { netns, bridge }: { readonly netns: string; readonly bridge: LinkFacts },
): Promise<void> {
  const { device, addresses, ports } = lease;
  using host = RouteChannel.open();
  const namespace = openSync(netns, 'r');
  try {
    const peer = { name: podInterface, namespace, mac: macOf(addresses[0]!.address) };
    await host.change([makeVeth({ name: device, bridge: bridge.index, mtu: bridge.mtu, peer })]);
  } finally {
    closeSync(namespace);
  }
  const port = ports.length > 0 ? findLink(device) : undefined;
  if (port !== undefined) await host.change([setHairpin(port.index)]);
  const inside = findLink(podInterface, netns);
  if (inside === undefined) throw new Error(`${podInterface} is not in ${netns}`);
  using pod = RouteChannel.open(netns);
  await pod.change([setUp(inside.index), ...addresses.flatMap((one) => wayOf(one, inside.index))]);
}

function wayOf({ address, range }: Lease['addresses'][number], index: number) {
  const parsed = parseRange(range);
  const { family, prefix } = parsed;
  return [
    addAddress({ index, family, address: addressBytes(address), prefix }),
    addDefaultRoute({ index, family, gateway: addressBytes(gatewayOf(parsed)) }),
  ];
}

/** As a CNI plugin would tell it. */
export function resultOf(lease: Lease, { netns, bridge }: { readonly netns: string; readonly bridge: string }) {
  const { device, addresses } = lease;
  return {
    cniVersion: '1.0.0',
    interfaces: [
      { name: bridge },
      { name: device },
      { name: podInterface, mac: macText(macOf(addresses[0]!.address)), sandbox: netns },
    ],
    ips: addresses.map(({ address, range }) => {
      const parsed = parseRange(range);
      return { interface: 2, address: `${address}/${parsed.prefix}`, gateway: gatewayOf(parsed) };
    }),
    routes: addresses.map(({ range }) => {
      const parsed = parseRange(range);
      return { dst: parsed.family === 4 ? '0.0.0.0/0' : '::/0', gw: gatewayOf(parsed) };
    }),
  };
}
