import { readFileSync } from 'node:fs';

/**
 * The capabilities that this process has and can give, from the text of /proc/self/status. The one
 * fact of a host that every caller of the compiler needs and has no other place to read from.
 */
export function ownCapabilities(status = readFileSync('/proc/self/status', 'utf8')): bigint {
  const permitted = /^CapPrm:\s*([0-9a-f]+)$/m.exec(status)?.[1];
  const bounding = /^CapBnd:\s*([0-9a-f]+)$/m.exec(status)?.[1];
  return BigInt(`0x${permitted ?? '0'}`) & BigInt(`0x${bounding ?? '0'}`);
}
