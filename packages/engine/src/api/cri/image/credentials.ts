import { BerthError } from '@berth/model/error';
import type { AuthConfig } from '@berth/wire/gen/cri/v1/api_pb';
import type { PullOptions } from '#service/image/contract';

type Credentials = NonNullable<PullOptions['credentials']>;

/**
 * What the request brings for this registry; undefined when it brings nothing, or something for another registry: that is
 * sent nowhere. @throws invalid_argument (`bad_auth`)
 */
export function registryCredentials(auth: AuthConfig | undefined, host: string): Credentials | undefined {
  if (auth === undefined || !isFor(auth.serverAddress, host)) return undefined;
  const { username, password, auth: encoded, identityToken, registryToken } = auth;
  if (registryToken !== '') return { registryToken };
  if (identityToken !== '') return { identityToken, ...(username === '' ? {} : { username }) };
  if (username !== '') return { username, password };
  return encoded === '' ? undefined : decoded(encoded);
}

/** As docker writes addresses: with a scheme, or with a path such as `/v1/`. */
function isFor(address: string, host: string): boolean {
  if (address === '') return true;
  const [name = ''] = address.replace(/^https?:\/\//, '').split('/');
  const hubs = ['index.docker.io', 'registry-1.docker.io', 'docker.io'];
  return name === host || (host === 'docker.io' && hubs.includes(name));
}

/** base64 of `user:password`, padded with NULs by some. */
function decoded(encoded: string): Credentials {
  const text = Buffer.from(encoded, 'base64').toString().replace(/\0+$/, '');
  const colon = text.indexOf(':');
  if (colon > 0) return { username: text.slice(0, colon), password: text.slice(colon + 1) };
  throw new BerthError('invalid_argument', 'auth.auth is not the base64 of user:password', { code: 'bad_auth' });
}
