import { closeSync, openSync } from 'node:fs';
import { asError, BerthError, errnoName } from '@berth/model/error';
import { link, number32, text } from '../network/link.ts';
import type { LaunchContext } from './context.ts';
import { attributesOf, IFA, IFLA, NLM_F, RouteSocket, RTM } from './route-socket.ts';

/** struct ifaddrmsg. */
const addressSize = 8;

const IFA_F_PERMANENT = 0x80;
const scopeUniverse = 0;

/**
 * Moves the host's network devices that the spec names (config-linux.md, "Network Devices") into the container's
 * network namespace, with the addresses that were set on them, under their new names, and up.
 * @throws failed_precondition naming the device
 */
export function moveNetDevices({ spec }: LaunchContext, pid: number): void {
  const devices = Object.entries(spec.linux.netDevices ?? {});
  if (devices.length === 0) return;
  using host = RouteSocket.open();
  using container = RouteSocket.open(`/proc/${pid}/ns/net`);
  const namespace = openSync(`/proc/${pid}/ns/net`, 'r');
  try {
    for (const [name, { name: newName = name }] of devices) {
      try {
        move(host, container, { name, newName: newName || name, namespace });
      } catch (cause) {
        throw new BerthError(
          'failed_precondition',
          `linux.netDevices: cannot move ${name}: ${asError(cause).message}`,
          {
            code: 'net_device',
            cause,
            ...(errnoName(cause) === 'ENODEV' ? { hint: 'ip link shows the devices of this network namespace' } : {}),
          },
        );
      }
    }
  } finally {
    closeSync(namespace);
  }
}

interface Move {
  readonly name: string;
  readonly newName: string;
  /** A descriptor of the network namespace. */
  readonly namespace: number;
}

function move(host: RouteSocket, container: RouteSocket, { name, newName, namespace }: Move): void {
  const index = indexOf(host, name);
  const addresses = addressesOf(host, index);
  // A device that is up cannot be renamed, and its addresses go when it moves.
  host.ask({ type: RTM.NEWLINK, flags: 0, fixed: link(index, { up: false }) }, `${name}: set down`);
  const attributes: [number, Uint8Array][] = [
    [IFLA.NET_NS_FD, number32(namespace)],
    [IFLA.IFNAME, text(newName)],
  ];
  host.ask({ type: RTM.SETLINK, flags: 0, fixed: link(index), attributes }, `${name}: move`);
  const there = indexOf(container, newName);
  for (const { fixed, kept } of addresses) {
    const moved = Buffer.from(fixed);
    moved.writeUInt32LE(there, 4);
    const flags = NLM_F.CREATE | NLM_F.EXCL;
    container.ask({ type: RTM.NEWADDR, flags, fixed: moved, attributes: kept }, `${newName}: set address`);
  }
  container.ask({ type: RTM.NEWLINK, flags: 0, fixed: link(there, { up: true }) }, `${newName}: set up`);
}

function indexOf(socket: RouteSocket, name: string): number {
  const attributes: [number, Uint8Array][] = [[IFLA.IFNAME, text(name)]];
  const [found] = socket.ask({ type: RTM.GETLINK, flags: 0, fixed: link(0), attributes }, name);
  return found!.body.readInt32LE(4);
}

interface Address {
  readonly fixed: Buffer;
  readonly kept: readonly (readonly [number, Uint8Array])[];
}

/** Those that somebody set and that mean something elsewhere: what the kernel makes itself it makes again. */
function addressesOf(socket: RouteSocket, index: number): Address[] {
  const all = socket.ask({ type: RTM.GETADDR, flags: NLM_F.DUMP, fixed: new Uint8Array(addressSize) }, 'addresses');
  return all.flatMap((message) => {
    const { body } = message;
    const attributes = attributesOf(message, addressSize);
    const flags = attributes.get(IFA.FLAGS)?.readUInt32LE(0) ?? body.readUInt8(2);
    const wanted = body.readUInt32LE(4) === index && body.readUInt8(3) === scopeUniverse;
    if (!wanted || (flags & IFA_F_PERMANENT) === 0) return [];
    const kinds = [IFA.ADDRESS, IFA.LOCAL, IFA.BROADCAST];
    return [
      { fixed: body.subarray(0, addressSize), kept: [...attributes].filter(([kind]) => kinds.includes(kind as 1)) },
    ];
  });
}
