import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Digest, digestHex, sha256 } from '@berth/model/digest';
import { BerthError } from '@berth/model/error';
import { chainIds } from '../../../layer/chain-id.ts';

/** A layer as a graph-store dockerd keeps it on this machine's disk. */
export interface StoredLayer {
  readonly diffId: Digest;
  /** What its tar was like. */
  readonly tarSplit: string;
  /** The folder that its files were unpacked to. */
  readonly content: string;
}

/** Where a driver unpacks the layer with a cache id, below the data root. Drivers that need a mount are not here. */
const contentFolders: Readonly<Record<string, (cacheId: string) => string>> = {
  overlay2: (cacheId) => `overlay2/${cacheId}/diff`,
  'fuse-overlayfs': (cacheId) => `fuse-overlayfs/${cacheId}/diff`,
  // A whole copy with all layers below: the layer's own files are among them.
  vfs: (cacheId) => `vfs/dir/${cacheId}`,
};

export interface GraphStore {
  /** dockerd's --data-root. */
  readonly rootDir: string;
  readonly driver: string;
}

/** Whether this driver's layers can be read from the disk. */
export function isReadableDriver(driver: string): boolean {
  return Object.hasOwn(contentFolders, driver);
}

/** The config's bytes. @throws data_loss (`digest_mismatch`), an error of the file system */
export async function storedConfig({ rootDir, driver }: GraphStore, id: Digest): Promise<Buffer> {
  const bytes = await readFile(join(rootDir, 'image', driver, 'imagedb/content/sha256', digestHex(id)));
  const actual = sha256(bytes);
  if (actual === id) return bytes;
  throw new BerthError('data_loss', `docker's config ${id} has the digest ${actual}`, { code: 'digest_mismatch' });
}

/** Bottom first. @throws data_loss (`bad_layer`), an error of the file system */
export async function storedLayers(store: GraphStore, diffIds: readonly Digest[]): Promise<readonly StoredLayer[]> {
  return await Promise.all(chainIds(diffIds).map((chain, at) => storedLayer(store, chain, diffIds[at]!)));
}

async function storedLayer({ rootDir, driver }: GraphStore, chain: Digest, diffId: Digest): Promise<StoredLayer> {
  const folder = join(rootDir, 'image', driver, 'layerdb/sha256', digestHex(chain));
  const [diff, cacheId] = await Promise.all(
    ['diff', 'cache-id'].map(async (name) => (await readFile(join(folder, name), 'utf8')).trim()),
  );
  const contentFolder = contentFolders[driver];
  if (diff !== diffId || cacheId === undefined || !/^[0-9a-z]+$/.test(cacheId) || contentFolder === undefined) {
    throw new BerthError('data_loss', `${folder} is not the layer ${diffId}`, { code: 'bad_layer' });
  }
  return { diffId, tarSplit: join(folder, 'tar-split.json.gz'), content: join(rootDir, contentFolder(cacheId)) };
}
