import { addressFamily, parseRange } from '@berth/model/address-range';
import { BerthError } from '@berth/model/error';
import type { PortMapping } from '@berth/model/pod-config';
import type { HostRules, PortRule } from './host-rules.ts';
import type { Lease } from './leases.ts';

/** What the leases, and ranges without any yet, ask of the host's packet filter: one for each family. */
export function rulesOf(bridge: string, leases: readonly Lease[], ranges: readonly string[]): HostRules[] {
  const all = new Set([...ranges, ...leases.flatMap(({ addresses }) => addresses.map(({ range }) => range))]);
  return ([4, 6] as const).flatMap((family) => {
    const own = [...all].filter((range) => parseRange(range).family === family).toSorted();
    return own.length === 0
      ? []
      : [{ family, bridge, ranges: own, ports: leases.flatMap((lease) => portsOf(lease, family)) }];
  });
}

function portsOf({ addresses, ports }: Lease, family: 4 | 6): PortRule[] {
  const found = addresses.find(({ address }) => addressFamily(address) === family);
  if (found === undefined) return [];
  return ports.flatMap(({ protocol, hostIp, hostPort, containerPort }) => {
    if (hostIp !== '' && addressFamily(hostIp) !== family) return [];
    const only = isAny(hostIp) ? '' : hostIp;
    return [{ protocol, hostIp: only, hostPort, address: found.address, containerPort }];
  });
}

/** @throws invalid_argument naming the mapping; failed_precondition (`port_in_use`) naming the pod that has the port */
export function checkPorts(podId: string, ports: readonly PortMapping[], leases: readonly Lease[]): void {
  for (const port of ports) {
    checkPort(port);
    const other = leases.find((lease) => lease.podId !== podId && lease.ports.some((one) => clashes(one, port)));
    if (other === undefined) continue;
    throw new BerthError('failed_precondition', `host port ${port.hostPort}/${port.protocol} is pod ${other.podId}'s`, {
      code: 'port_in_use',
    });
  }
}

function checkPort({ hostIp, hostPort, containerPort }: PortMapping): void {
  for (const [name, value] of Object.entries({ hostPort, containerPort })) {
    if (Number.isInteger(value) && value > 0 && value < 65_536) continue;
    throw bad(`port_mappings: ${name} ${value} is not a port from 1 to 65535`);
  }
  if (hostIp !== '' && addressFamily(hostIp) === undefined)
    throw bad(`port_mappings: host_ip '${hostIp}' is no address`);
}

function clashes(a: PortMapping, b: PortMapping): boolean {
  const same = a.hostPort === b.hostPort && a.protocol === b.protocol;
  return same && (a.hostIp === b.hostIp || isAny(a.hostIp) || isAny(b.hostIp));
}

function isAny(hostIp: string): boolean {
  return ['', '0.0.0.0', '::'].includes(hostIp);
}

function bad(message: string): BerthError {
  return new BerthError('invalid_argument', message, { code: 'bad_port_mapping' });
}
