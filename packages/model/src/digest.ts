import { createHash } from 'node:crypto';
import { BerthError } from './error.ts';

/** `sha256:<64 hex>` or `sha512:<128 hex>` (OCI image-spec, descriptor.md, "Digests"). */
export type Digest = `${'sha256' | 'sha512'}:${string}`;

const pattern = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;

export function isDigest(value: unknown): value is Digest {
  return typeof value === 'string' && pattern.test(value);
}

/** @throws invalid_argument when the text is not a digest of a supported algorithm. */
export function parseDigest(value: string): Digest {
  if (isDigest(value)) return value;
  throw new BerthError('invalid_argument', `'${value}' is not a digest`, {
    code: 'bad_digest',
    hint: 'a digest reads sha256: and 64 lower-case hexadecimal characters',
  });
}

export function digestAlgorithm(digest: Digest): 'sha256' | 'sha512' {
  return digest.startsWith('sha256:') ? 'sha256' : 'sha512';
}

export function digestHex(digest: Digest): string {
  return digest.slice(digest.indexOf(':') + 1);
}

export function sha256(data: Uint8Array | string): Digest {
  return `sha256:${createHash('sha256').update(data).digest('hex')}`;
}

/** The hexadecimal start that CLIs print: twelve characters. */
export function shortId(digestOrId: string): string {
  return digestOrId.slice(digestOrId.indexOf(':') + 1).slice(0, 12);
}
