import { type AddressRange, addressText } from '@berth/model/address-range';
import { BerthError } from '@berth/model/error';

interface Taken {
  readonly taken: ReadonlySet<string>;
  /** Where to begin behind. */
  readonly last: bigint | undefined;
}

/** The first address for pods, behind the network's own and the gateway's. */
const firstOffset = 2n;

/** The host's address on the bridge. */
export function gatewayOf({ base, family }: AddressRange): string {
  return addressText(base + 1n, family);
}

/** @throws resource_exhausted (`no_free_address`) naming the range */
export function freeAddress(
  range: AddressRange,
  { taken, last }: Taken,
): { readonly number: bigint; readonly address: string } {
  const first = range.base + firstOffset;
  const end = lastOf(range);
  // One more than are taken is enough to find a free one, if there is one.
  const tries = Math.min(taken.size + 1, Number(end - first) + 1);
  let number = last === undefined || last >= end || last < first ? first : last + 1n;
  for (let at = 0; at < tries; at++, number = number >= end ? first : number + 1n) {
    const address = addressText(number, range.family);
    if (!taken.has(address)) return { number, address };
  }
  throw new BerthError('resource_exhausted', `no free address for pods in ${range.text}`, {
    code: 'no_free_address',
    hint: 'remove pods, or set a larger network.subnet in berthd.toml',
  });
}

/** The last one of IPv4 is everybody's. */
function lastOf({ base, prefix, family }: AddressRange): bigint {
  const size = 1n << BigInt((family === 4 ? 32 : 128) - prefix);
  return base + size - (family === 4 ? 2n : 1n);
}
