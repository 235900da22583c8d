import { invalid } from './invalid.ts';

/** Capability names in number order, capabilities(7) and linux/capability.h of Linux 6.18. */
export const capabilityNames = [
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_DAC_READ_SEARCH',
  'CAP_FOWNER',
  'CAP_FSETID',
  'CAP_KILL',
  'CAP_SETGID',
  'CAP_SETUID',
  'CAP_SETPCAP',
  'CAP_LINUX_IMMUTABLE',
  'CAP_NET_BIND_SERVICE',
  'CAP_NET_BROADCAST',
  'CAP_NET_ADMIN',
  'CAP_NET_RAW',
  'CAP_IPC_LOCK',
  'CAP_IPC_OWNER',
  'CAP_SYS_MODULE',
  'CAP_SYS_RAWIO',
  'CAP_SYS_CHROOT',
  'CAP_SYS_PTRACE',
  'CAP_SYS_PACCT',
  'CAP_SYS_ADMIN',
  'CAP_SYS_BOOT',
  'CAP_SYS_NICE',
  'CAP_SYS_RESOURCE',
  'CAP_SYS_TIME',
  'CAP_SYS_TTY_CONFIG',
  'CAP_MKNOD',
  'CAP_LEASE',
  'CAP_AUDIT_WRITE',
  'CAP_AUDIT_CONTROL',
  'CAP_SETFCAP',
  'CAP_MAC_OVERRIDE',
  'CAP_MAC_ADMIN',
  'CAP_SYSLOG',
  'CAP_WAKE_ALARM',
  'CAP_BLOCK_SUSPEND',
  'CAP_AUDIT_READ',
  'CAP_PERFMON',
  'CAP_BPF',
  'CAP_CHECKPOINT_RESTORE',
] as const;

export type CapabilityName = (typeof capabilityNames)[number];

const bits = new Map<string, bigint>(capabilityNames.map((name, bit) => [name, 1n << BigInt(bit)]));

/** The bit of one capability, undefined for a name that no kernel we know has. */
export function capabilityBit(name: string): bigint | undefined {
  return bits.get(name);
}

/** The names as a 64-bit mask. `path` is where the list stands in the spec, for the error. */
export function capabilityMask(names: readonly string[] | undefined, path: string): bigint {
  let mask = 0n;
  names?.forEach((name, index) => {
    const bit = capabilityBit(name);
    if (bit === undefined) throw invalid(`${path}[${index}]`, `unknown capability ${name}`);
    mask |= bit;
  });
  return mask;
}

/** The names in a mask, lowest first. Bits without a name are given as `bit N`. */
export function capabilitiesOf(mask: bigint): string[] {
  const names: string[] = [];
  for (let bit = 0; bit < 64; bit++) {
    if ((mask >> BigInt(bit)) & 1n) names.push(capabilityNames[bit] ?? `bit ${bit}`);
  }
  return names;
}
