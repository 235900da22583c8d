import type { Digest } from '@berth/model/digest';
import { chainIds } from '../../layer/chain-id.ts';
import type { DockerApi } from './api.ts';
import { inspectImage } from './daemon.ts';

/** Questions asked at once. */
const concurrency = 5;

/**
 * The chain ids of all layers that a graph-store daemon has in images: its API tells diff ids by image only. An image
 * that goes while we ask is left out.
 */
export async function knownChains(api: DockerApi, signal: AbortSignal): Promise<ReadonlySet<Digest>> {
  const listed = await api.json<readonly { readonly Id: string }[]>('/images/json?all=1', signal);
  const ids = [...new Set(listed.map(({ Id }) => Id))];
  const chains = new Set<Digest>();
  const ask = async () => {
    for (let id = ids.pop(); id !== undefined; id = ids.pop()) {
      const image = await inspectImage(api, id, signal);
      for (const chain of chainIds(image?.diffIds ?? [])) chains.add(chain);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, ask));
  return chains;
}
