import { encodeAttributes, IFA, IFLA, NLM_F, type RouteAttribute, RTM } from '../launch/route-socket.ts';
import { link, number32, text } from './link.ts';
import type { NamedRequest } from './route-channel.ts';

/** linux/if_link.h and linux/veth.h. */
const INFO = { KIND: 1, DATA: 2 } as const;
const VETH_PEER = 1;
const BRPORT_MODE = 4;
const NLA_F_NESTED = 0x8000;

const AF = { 4: 2, 6: 10, bridge: 7 } as const;
/** linux/if_addr.h: no duplicate address detection, which holds an address back for a second or more. */
const IFA_F_NODAD = 2;
/** struct rtmsg: main table, set by an administrator, a route to hosts. */
const RT = { MAIN: 254, STATIC: 4, UNICAST: 1 } as const;
const RTA = { OIF: 4, GATEWAY: 5 } as const;

export interface BridgeDevice {
  readonly name: string;
  readonly mac: Uint8Array;
  readonly mtu: number;
}

/** A bridge that is up. With an address of its own it keeps it, whatever ports come and go. Refused (EEXIST): it is there. */
export function makeBridge({ name, mac, mtu }: BridgeDevice): NamedRequest {
  const attributes: RouteAttribute[] = [
    [IFLA.IFNAME, text(name)],
    [IFLA.ADDRESS, mac],
    [IFLA.MTU, number32(mtu)],
    [IFLA.LINKINFO | NLA_F_NESTED, encodeAttributes([[INFO.KIND, Buffer.from('bridge')]])],
  ];
  return { request: { ...creation, fixed: link(0, { up: true }), attributes }, what: `make bridge ${name}` };
}

export interface VethPair {
  readonly name: string;
  /** Index of the bridge. */
  readonly bridge: number;
  readonly mtu: number;
  readonly peer: {
    readonly name: string;
    /** Descriptor of its network namespace. */
    readonly namespace: number;
    readonly mac: Uint8Array;
  };
}

/**
 * Two devices in one step: one on the bridge and up, its peer in the other namespace under its last name. The peer is
 * brought up later: it is made first, and refuses (ENOTCONN) as long as it is alone.
 */
export function makeVeth({ name, bridge, mtu, peer }: VethPair): NamedRequest {
  const other = encodeAttributes([
    [IFLA.IFNAME, text(peer.name)],
    [IFLA.ADDRESS, peer.mac],
    [IFLA.MTU, number32(mtu)],
    [IFLA.NET_NS_FD, number32(peer.namespace)],
  ]);
  const data = encodeAttributes([[VETH_PEER | NLA_F_NESTED, Buffer.concat([link(0), other])]]);
  const info = encodeAttributes([
    [INFO.KIND, Buffer.from('veth')],
    [INFO.DATA | NLA_F_NESTED, data],
  ]);
  const attributes: RouteAttribute[] = [
    [IFLA.IFNAME, text(name)],
    [IFLA.MTU, number32(mtu)],
    [IFLA.MASTER, number32(bridge)],
    [IFLA.LINKINFO | NLA_F_NESTED, info],
  ];
  return { request: { ...creation, fixed: link(0, { up: true }), attributes }, what: `make ${name} and ${peer.name}` };
}

export function setUp(index: number): NamedRequest {
  return { request: { type: RTM.NEWLINK, flags: 0, fixed: link(index, { up: true }) }, what: 'set up' };
}

/** Takes a device away, and its peer. Refused (ENODEV): it is gone. */
export function deleteLink(name: string): NamedRequest {
  const attributes: RouteAttribute[] = [[IFLA.IFNAME, text(name)]];
  return { request: { type: RTM.DELLINK, flags: 0, fixed: link(0), attributes }, what: `delete ${name}` };
}

/** Lets a bridge send back through the port that a packet came from: a pod that speaks to itself through the host. */
export function setHairpin(index: number): NamedRequest {
  const fixed = link(index);
  fixed.writeUInt8(AF.bridge, 0);
  const mode = encodeAttributes([[BRPORT_MODE, Uint8Array.of(1)]]);
  const attributes: RouteAttribute[] = [[IFLA.PROTINFO | NLA_F_NESTED, mode]];
  return { request: { type: RTM.SETLINK, flags: 0, fixed, attributes }, what: 'set hairpin' };
}

export interface InterfaceAddress {
  readonly index: number;
  readonly family: 4 | 6;
  readonly address: Uint8Array;
  readonly prefix: number;
}

/** Refused (EEXIST): it is there. */
export function addAddress({ index, family, address, prefix }: InterfaceAddress): NamedRequest {
  const fixed = Buffer.alloc(8); // struct ifaddrmsg
  fixed.writeUInt8(AF[family], 0);
  fixed.writeUInt8(prefix, 1);
  fixed.writeUInt32LE(index, 4);
  const attributes: RouteAttribute[] = [
    [IFA.LOCAL, address],
    [IFA.ADDRESS, address],
    [IFA.FLAGS, number32(family === 6 ? IFA_F_NODAD : 0)],
    ...(family === 4 ? [[IFA.BROADCAST, broadcast(address, prefix)] as const] : []),
  ];
  return { request: { ...creation, type: RTM.NEWADDR, fixed, attributes }, what: `set an address of prefix ${prefix}` };
}

/** Everything that has no other way goes to the gateway. */
export function addDefaultRoute({ index, family, gateway }: DefaultRoute): NamedRequest {
  const fixed = Buffer.alloc(12); // struct rtmsg
  fixed.set([AF[family], 0, 0, 0, RT.MAIN, RT.STATIC, 0, RT.UNICAST]);
  const attributes: RouteAttribute[] = [
    [RTA.GATEWAY, gateway],
    [RTA.OIF, number32(index)],
  ];
  return { request: { ...creation, type: RTM.NEWROUTE, fixed, attributes }, what: 'set the default route' };
}

export interface DefaultRoute {
  readonly index: number;
  readonly family: 4 | 6;
  readonly gateway: Uint8Array;
}

const creation = { type: RTM.NEWLINK, flags: NLM_F.CREATE | NLM_F.EXCL };

function broadcast(address: Uint8Array, prefix: number): Uint8Array {
  const host = prefix === 0 ? 0xffffffff : 2 ** (32 - prefix) - 1;
  const bytes = Buffer.from(address);
  bytes.writeUInt32BE((bytes.readUInt32BE(0) | host) >>> 0, 0);
  return bytes;
}
