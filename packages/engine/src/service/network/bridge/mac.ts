import { createHash } from 'node:crypto';
import { addressBytes } from '@berth/model/address-range';

/** Locally administered, the prefix that Kubernetes' bridges have. */
const prefix = [0x0a, 0x58] as const;

/**
 * The hardware address that goes with an address: a neighbour that remembers the one before, of the same address, still
 * reaches the new one.
 */
export function macOf(address: string): Buffer {
  const bytes = addressBytes(address);
  const tail = bytes.length === 4 ? bytes : createHash('sha256').update(bytes).digest().subarray(0, 4);
  return Buffer.from([...prefix, ...tail]);
}

export function macText(mac: Uint8Array): string {
  return Buffer.from(mac)
    .toString('hex')
    .replaceAll(/(..)(?!$)/g, '$1:');
}
