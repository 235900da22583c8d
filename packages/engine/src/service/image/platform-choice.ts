import type { Digest } from '@berth/model/digest';
import { BerthError, isKind } from '@berth/model/error';
import { parseIndex, parseManifest, type Descriptor } from '@berth/model/manifest';
import { isConfigType, isIndexType, isManifestType } from '@berth/model/media-type';
import {
  chooseManifest,
  formatPlatform,
  hostPlatform,
  isAttestation,
  normalPlatform,
  type Platform,
} from '@berth/model/platform';
import { parseImageConfig } from '@berth/model/image-config';
import type { ReadDocument } from './documents.ts';

/** Which platforms of an index are brought: all that the source has, every one, or some (this machine's: none given). */
export type WantedPlatforms = 'present' | 'all' | readonly Platform[] | undefined;

export interface PlatformChoice {
  /** Manifests to unpack. */
  readonly unpack: ReadonlySet<Digest>;
  /** Whether a child of an index is brought. */
  readonly isWanted: (child: Descriptor) => boolean | Promise<boolean>;
}

/**
 * Looks through the indexes of a target.
 * @param has whether the source has a child
 * @throws not_found (`no_such_platform`) with the platforms that there are
 */
export async function choosePlatforms(
  read: ReadDocument,
  target: Descriptor,
  { wanted, has }: { readonly wanted: WantedPlatforms; readonly has: (child: Descriptor) => Promise<boolean> },
): Promise<PlatformChoice> {
  if (wanted === 'present' || wanted === 'all') {
    const host = await hostManifest(read, target, has);
    return { unpack: new Set(host === undefined ? [] : [host.digest]), isWanted: wanted === 'all' ? () => true : has };
  }
  const paths = await Promise.all((wanted ?? [hostPlatform()]).map((one) => pathTo(read, target, one)));
  if (wanted !== undefined) await checkConfig(read, target, wanted);
  const chosen = new Set(paths.flat().map(({ digest }) => digest));
  return { unpack: chosen, isWanted: ({ digest }) => chosen.has(digest) };
}

/** An image for other machines is kept as well; it cannot be run here. */
async function hostManifest(
  read: ReadDocument,
  target: Descriptor,
  has: (child: Descriptor) => Promise<boolean>,
): Promise<Descriptor | undefined> {
  try {
    const manifest = (await pathTo(read, target, hostPlatform())).at(-1);
    return manifest !== undefined && (await has(manifest)) ? manifest : undefined;
  } catch (error) {
    if (isKind(error, 'not_found') && error.code === 'no_such_platform') return undefined;
    throw error;
  }
}

/** From the target down to the manifest for a platform. */
async function pathTo(read: ReadDocument, target: Descriptor, platform: Platform): Promise<Descriptor[]> {
  if (!isIndexType(target.mediaType)) return [target];
  const { manifests } = parseIndex(await read(target), `index ${target.digest}`);
  const chosen = chooseManifest(manifests, platform);
  if (chosen === undefined) throw noPlatform(target, platform, manifests);
  return [target, ...(await pathTo(read, chosen, platform))];
}

/** A single manifest is for one platform, which only its config tells; it is taken as it is unless others were asked for. */
async function checkConfig(read: ReadDocument, target: Descriptor, wanted: readonly Platform[]): Promise<void> {
  if (!isManifestType(target.mediaType)) return;
  const manifest = parseManifest(await read(target), `manifest ${target.digest}`);
  if (!isConfigType(manifest.config.mediaType)) return;
  const config = parseImageConfig(await read(manifest.config), `config ${manifest.config.digest}`);
  const { os, architecture, variant } = config;
  const platform = { os, architecture, ...(variant === undefined ? {} : { variant }) };
  for (const one of wanted) {
    if (chooseManifest([{ ...target, platform }], one) === undefined) {
      throw noPlatform(target, one, [{ ...target, platform }]);
    }
  }
}

function noPlatform({ digest }: Descriptor, wanted: Platform, manifests: readonly Descriptor[]): BerthError {
  const images = manifests.filter((manifest) => !isAttestation(manifest));
  const names = images.flatMap(({ platform }) =>
    platform === undefined ? [] : [formatPlatform(normalPlatform(platform))],
  );
  const known = [...new Set(names)].toSorted();
  const there = known.length === 0 ? 'it names no platform' : `it has ${known.join(', ')}`;
  return new BerthError('not_found', `${digest} has no image for ${formatPlatform(wanted)}; ${there}`, {
    code: 'no_such_platform',
    ...(known[0] === undefined ? {} : { hint: `choose one, such as --platform ${known[0]}` }),
  });
}
