import { readFileSync } from 'node:fs';
import { BerthError, errnoName } from '@berth/model/error';
import { type ListenAddress, parseAddress } from '@berth/model/listen-address';
import * as v from 'valibot';

/** The store as a registry on the network, as long as the daemon runs: `[serve]` in berthd.toml. */
export interface ServeSettings {
  readonly listen: ListenAddress;
  /** Whose images. */
  readonly namespace: string;
  /** PEM. */
  readonly tls?: { readonly cert: string; readonly key: string };
}

const file = v.pipe(v.string(), v.startsWith('/', 'must be an absolute path'));

export const serveSchema = v.strictObject({
  listen: v.string(),
  namespace: v.optional(v.string()),
  tls_cert: v.optional(file),
  tls_key: v.optional(file),
});

/** @throws invalid_argument naming the key or the file */
export function readServeSettings(settings: v.InferOutput<typeof serveSchema>): ServeSettings {
  const { listen, namespace = 'default', tls_cert: cert, tls_key: key } = settings;
  const address = parseAddress(listen);
  if (cert === undefined && key === undefined) return { listen: address, namespace };
  if (cert === undefined || key === undefined) {
    throw new BerthError('invalid_argument', 'serve.tls_cert and serve.tls_key are given together', {
      code: 'bad_configuration',
    });
  }
  return { listen: address, namespace, tls: { cert: readPem(cert), key: readPem(key) } };
}

function readPem(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new BerthError('invalid_argument', `cannot read ${path}: ${errnoName(cause)}`, { cause });
  }
}
