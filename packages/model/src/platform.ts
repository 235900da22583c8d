import { BerthError } from './error.ts';
import { asString, asStrings, check, type JsonValue, required } from './json-reader.ts';
import type { Descriptor } from './manifest.ts';

/** What a manifest runs on, in Go's words (image-spec, image-index.md, "platform"). */
export interface Platform {
  readonly architecture: string;
  readonly os: string;
  readonly variant?: string;
  readonly 'os.version'?: string;
  readonly 'os.features'?: readonly string[];
}

const goArchitecture: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386', arm: 'arm' };

/** The platform of this machine. */
export function hostPlatform(): Platform {
  return { os: 'linux', architecture: goArchitecture[process.arch] ?? process.arch };
}

/** Checks a platform object. @throws invalid_argument (`bad_json`) */
export function asPlatform(json: JsonValue): void {
  asString(required(json, 'architecture'));
  asString(required(json, 'os'));
  check(json, ['variant', 'os.version'], asString);
  check(json, ['os.features'], asStrings);
}

/**
 * Reads `os/architecture[/variant]` as `--platform` takes it; uname's and rpm's words for machines are
 * understood too.
 * @throws invalid_argument (`bad_platform`)
 */
export function parsePlatform(text: string): Platform {
  const match = /^([a-z0-9]+)\/([a-z0-9_-]+)(?:\/([a-z0-9.]+))?$/.exec(text.toLowerCase());
  const [, os, architecture, variant] = match ?? [];
  if (os === undefined || architecture === undefined) {
    throw new BerthError('invalid_argument', `'${text}' is not a platform`, {
      code: 'bad_platform',
      hint: 'a platform reads os/architecture or os/architecture/variant, such as linux/arm64/v8',
    });
  }
  return normalPlatform({ os, architecture, ...(variant === undefined ? {} : { variant }) });
}

export function formatPlatform({ os, architecture, variant }: Platform): string {
  return variant === undefined || variant === '' ? `${os}/${architecture}` : `${os}/${architecture}/${variant}`;
}

const synonyms: Readonly<Record<string, readonly [string, string?]>> = {
  aarch64: ['arm64'],
  x86_64: ['amd64'],
  'x86-64': ['amd64'],
  i386: ['386'],
  i686: ['386'],
  armhf: ['arm', 'v7'],
  armel: ['arm', 'v6'],
  armv7l: ['arm', 'v7'],
  armv6l: ['arm', 'v6'],
};

/** The same platform in one spelling: Go's names, and a variant only where it is not the usual one. */
export function normalPlatform(platform: Platform): Platform {
  const { variant: given = '', ...rest } = platform;
  const [architecture, implied = ''] = synonyms[platform.architecture] ?? [platform.architecture];
  const numbered = (given || implied).replace(/^(?=\d)/, 'v');
  const variant = architecture === 'arm' && numbered === '' ? 'v7' : numbered;
  const usual = { arm64: 'v8', amd64: 'v1' }[architecture];
  return { ...rest, architecture, ...(variant === '' || variant === usual ? {} : { variant }) };
}

/**
 * What a machine of this kind also runs, best first (containerd's rules): newer variants run older ones,
 * 64-bit machines run 32-bit programs.
 */
function runnable({ architecture, variant = '' }: Platform): readonly string[] {
  const level = Number(variant.slice(1)) || 0;
  const down = (from: number, to: number) =>
    Array.from({ length: Math.max(0, from - to + 1) }, (_, n) => `v${from - n}`);
  if (architecture === 'arm') return down(Math.floor(level), 5).map((name) => `arm/${name}`);
  if (architecture === 'arm64') {
    const newer = variant === '' ? [] : [`arm64/${variant}`];
    return [...newer, 'arm64/', ...down(8, 5).map((name) => `arm/${name}`)];
  }
  if (architecture === 'amd64') return [...down(level, 2).map((name) => `amd64/${name}`), 'amd64/', '386/'];
  return variant === '' ? [`${architecture}/`] : [`${architecture}/${variant}`, `${architecture}/`];
}

/** True for buildkit's provenance and SBOM manifests: they sit in an index and are no images. */
export function isAttestation({ platform, annotations }: Descriptor): boolean {
  if (annotations?.['vnd.docker.reference.type'] === 'attestation-manifest') return true;
  return platform?.os === 'unknown' && platform.architecture === 'unknown';
}

/**
 * Those of an index's manifests that `wanted` can run, the best first. A manifest without a platform may
 * be anything and comes last; attestations never come.
 */
export function matchPlatform(manifests: readonly Descriptor[], wanted: Platform): readonly Descriptor[] {
  const target = normalPlatform(wanted);
  const order = runnable(target);
  const ranked = manifests
    .filter((manifest) => !isAttestation(manifest))
    .map((manifest) => ({ manifest, rank: rankOf(manifest) }));
  return ranked
    .filter(({ rank }) => rank >= 0)
    .sort((a, b) => a.rank - b.rank)
    .map(({ manifest }) => manifest);

  function rankOf({ platform }: Descriptor): number {
    if (platform === undefined) return order.length;
    const { os, architecture, variant = '' } = normalPlatform(platform);
    return os === target.os ? order.indexOf(`${architecture}/${variant}`) : -1;
  }
}

/** The manifest to run on `wanted`; undefined when there is none. */
export function chooseManifest(
  manifests: readonly Descriptor[],
  wanted: Platform = hostPlatform(),
): Descriptor | undefined {
  return matchPlatform(manifests, wanted)[0];
}
