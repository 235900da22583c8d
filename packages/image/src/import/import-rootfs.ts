import { BerthError } from '@berth/model/error';
import { mediaTypes } from '@berth/model/media-type';
import { hostPlatform, type Platform } from '@berth/model/platform';
import { compressionOf } from '../archive/outer.ts';
import { type ApplyOptions, applyLayer } from '../layer/apply.ts';
import type { LayerResult } from '../layer/job.ts';
import { buildImportedImage, type ImportedImage } from './build.ts';

export interface ImportOptions extends ApplyOptions {
  /** The layer's blob is written here, as it is stored in the archive. */
  readonly copyTo: string;
  /** The layer is unpacked here in the same pass. */
  readonly unpackTo?: string;
  readonly whiteouts?: 'overlay' | 'remove';
  readonly changes?: readonly string[];
  readonly message?: string;
  readonly platform?: Platform;
}

const layerTypes = { none: mediaTypes.ociLayer, gzip: mediaTypes.ociLayerGzip, zstd: mediaTypes.ociLayerZstd };

/**
 * Makes an image of a file tree's tar, plain, gzip or zstd (`docker import`).
 * @throws what `applyLayer` throws, invalid_argument (`bad_change`) before anything is written
 */
export async function importRootfs(
  path: string,
  options: ImportOptions,
): Promise<ImportedImage & { readonly result: LayerResult }> {
  const { copyTo, unpackTo, whiteouts, changes = [], message, platform = hostPlatform(), ...run } = options;
  // Wrong changes should not cost a pass over the archive.
  const describe = { platform, changes, ...(message === undefined ? {} : { message }) };
  buildImportedImage({ ...describe, layer: { mediaType: mediaTypes.ociLayer, digest: empty, size: 0 }, diffId: empty });
  const compression = await compressionOf(path);
  const target = unpackTo === undefined ? {} : { unpackTo, whiteouts: whiteouts ?? 'overlay' };
  const result = await applyLayer({ source: { path }, compression, copyTo, wantDiffId: true, ...target }, run);
  if (result.diffId === undefined) throw new BerthError('internal', `the diff id of ${path} was not measured`);
  const layer = { mediaType: layerTypes[compression], digest: result.digest, size: result.size };
  return { ...buildImportedImage({ ...describe, layer, diffId: result.diffId }), result };
}

const empty = `sha256:${'0'.repeat(64)}` as const;
