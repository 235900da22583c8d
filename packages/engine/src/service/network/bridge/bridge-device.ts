import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { addressBytes, type AddressRange } from '@berth/model/address-range';
import { errnoName } from '@berth/model/error';
import { addAddress, deleteLink, makeBridge } from '@berth/runtime/network/change';
import { defaultRouteMtu, findLink, type LinkFacts } from '@berth/runtime/network/look-up';
import { type NamedRequest, RouteChannel } from '@berth/runtime/network/route-channel';
import { gatewayOf } from './free-address.ts';
import { macOf } from './mac.ts';
import type { OwnBridge } from './own-bridge.ts';

const settings = '/proc/sys/net';

export interface BridgeRequest {
  readonly name: string;
  readonly ranges: readonly AddressRange[];
  readonly own: OwnBridge;
}

/** The bridge, up and with the gateways' addresses; the host forwards from now on. What is there already stays. */
export async function ensureBridge({ name, ranges, own }: BridgeRequest): Promise<LinkFacts> {
  using host = RouteChannel.open();
  const change = async (request: NamedRequest) => await tolerated('EEXIST', host.change([request]));
  const mtu = defaultRouteMtu() ?? 1500;
  const making = makeBridge({ name, mac: macOf(gatewayOf(ranges[0]!)), mtu });
  if (findLink(name) === undefined) await makeOwn(own, () => host.change([making]));
  const facts = findLink(name);
  if (facts === undefined) throw new Error(`the bridge ${name} was taken away again`);
  for (const range of ranges) {
    const { family, prefix } = range;
    await change(addAddress({ index: facts.index, family, address: addressBytes(gatewayOf(range)), prefix }));
  }
  for (const family of new Set(ranges.map((range) => range.family))) forward(family);
  return facts;
}

/** Gone already is success. */
export async function removeDevice(name: string): Promise<void> {
  using host = RouteChannel.open();
  await tolerated('ENODEV', host.change([deleteLink(name)], 'taking'));
}

/** Lets ports of the host work under its own 127.0.0.1 too; who is on the bridge is kept from there by a rule. */
export function routeLoopback(bridge: string): void {
  set(`ipv4/conf/${bridge}/route_localnet`, '1');
}

/** @throws EEXIST when somebody else was quicker */
async function makeOwn(own: OwnBridge, make: () => Promise<void>): Promise<void> {
  own.claim();
  try {
    await make();
  } catch (error) {
    own.forget();
    throw error;
  }
}

async function tolerated(errno: string, change: Promise<void>): Promise<void> {
  try {
    await change;
  } catch (error) {
    if (errnoName(error) !== errno) throw error;
  }
}

function forward(family: 4 | 6): void {
  if (family === 4) return set('ipv4/ip_forward', '1');
  // A host that forwards takes no more routes from routers, its own default one among them, unless it is told to.
  const devices = path.join(settings, 'ipv6/conf');
  for (const device of existsSync(devices) ? readdirSync(devices) : []) {
    const file = `ipv6/conf/${device}/accept_ra`;
    if (get(file) === '1' && get('ipv6/conf/all/forwarding') === '0') set(file, '2');
  }
  set('ipv6/conf/all/forwarding', '1');
}

function get(name: string): string {
  return readFileSync(path.join(settings, name), 'utf8').trim();
}

function set(name: string, value: string): void {
  // A host where these are read-only may have the value already.
  if (get(name) !== value) writeFileSync(path.join(settings, name), value);
}
