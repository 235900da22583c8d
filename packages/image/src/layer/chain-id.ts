import { type Digest, sha256 } from '@berth/model/digest';

/**
 * The name of a stack of layers (image-spec, config.md, "Layer ChainID"): the first layer's diff id, then
 * the digest of "<chain so far> <next diff id>". Snapshots of unpacked layers are committed under it.
 */
export function chainId(diffIds: readonly Digest[]): Digest {
  const [first, ...rest] = diffIds;
  if (first === undefined) throw new RangeError('a chain id needs at least one layer');
  return rest.reduce((chain, diffId) => sha256(`${chain} ${diffId}`), first);
}

/** The chain ids of every prefix, bottom first: one per layer. */
export function chainIds(diffIds: readonly Digest[]): readonly Digest[] {
  const chain: Digest[] = [];
  for (const diffId of diffIds) {
    const below = chain.at(-1);
    chain.push(below === undefined ? diffId : sha256(`${below} ${diffId}`));
  }
  return chain;
}
