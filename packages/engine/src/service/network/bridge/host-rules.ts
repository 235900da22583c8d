/** A port of the host that leads to a pod. */
export interface PortRule {
  readonly protocol: 'tcp' | 'udp' | 'sctp';
  /** Empty: every address of the host. */
  readonly hostIp: string;
  readonly hostPort: number;
  readonly address: string;
  readonly containerPort: number;
}

/** All that the host's packet filter does for pods of one family; `nft-rules` and `iptables-rules` say it in their words. */
export interface HostRules {
  readonly family: 4 | 6;
  readonly bridge: string;
  /** Whose packets leave the machine under its own address. */
  readonly ranges: readonly string[];
  readonly ports: readonly PortRule[];
}

/** Addresses that are nobody's alone: a packet for them keeps its sender. */
export const multicast = { 4: '224.0.0.0/4', 6: 'ff00::/8' } as const;

/** Those that name an address come first: they are the more exact ones. */
export function inOrder(ports: readonly PortRule[]): PortRule[] {
  const key = ({ hostIp, protocol, hostPort }: PortRule) =>
    `${hostIp === '' ? 1 : 0} ${protocol} ${hostPort} ${hostIp}`;
  return ports.toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
}
