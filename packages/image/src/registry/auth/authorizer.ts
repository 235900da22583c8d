import type { Credentials, CredentialSource } from '../contract.ts';
import type { Endpoint } from '../host/endpoint.ts';
import { systemTls } from '../host/tls.ts';
import type { Route } from '../transport/redirect.ts';
import type { Tuning } from '../tuning.ts';
import type { Challenge } from './challenge.ts';
import { mergeScopes } from './scope.ts';
import { basicHeader, fetchToken, type Token } from './token.ts';

/** A token server that hangs must not hold everybody for ever. */
const tokenPatience = 120_000;

export interface AuthorizerParts {
  readonly endpoint: Endpoint;
  readonly credentials: CredentialSource;
  readonly userAgent: string;
  /** To the host; token servers get of it what is for them. */
  readonly route: Route;
  readonly tuning: Tuning;
}

/**
 * What proves to one host who we are. It learns from the host's first challenge how it wants that; from then on requests
 * carry it from the start. Tokens are kept for each set of scopes, and asked for once however many wait for one.
 */
export class Authorizer {
  readonly #parts: AuthorizerParts;
  readonly #tokens = new Map<string, Token>();
  readonly #asked = new Map<string, Promise<Token>>();
  #basic: string | undefined;
  #bearer: { readonly realm: string; readonly service: string | undefined } | undefined;

  constructor(parts: AuthorizerParts) {
    this.#parts = parts;
  }

  /** Header for a request with these scopes; undefined until the host has challenged us. */
  async header(scopes: readonly string[], signal: AbortSignal): Promise<string | undefined> {
    if (this.#basic !== undefined) return this.#basic;
    const known = this.#tokens.get(keyOf(scopes));
    if (known !== undefined && known.until > this.#parts.tuning.clock.now()) return `Bearer ${known.text}`;
    return this.#bearer === undefined ? undefined : await this.#token(scopes, [], signal);
  }

  /**
   * Header that answers the challenge; undefined when we have nothing for it.
   * @param refused the header that was not good enough
   * @throws as `fetchToken`
   */
  async answer(
    challenges: readonly Challenge[],
    refused: { readonly header: string | undefined; readonly scopes: readonly string[] },
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const bearer = challenges.find(
      ({ scheme, parameters }) => scheme === 'bearer' && parameters['realm'] !== undefined,
    );
    const { scopes, header } = refused;
    if (bearer !== undefined) {
      const { realm = '', service, scope = '' } = bearer.parameters;
      this.#bearer = { realm, service };
      const key = keyOf(scopes);
      // Another caller may have got a better one meanwhile.
      if (`Bearer ${this.#tokens.get(key)?.text}` === header) this.#tokens.delete(key);
      else if (this.#tokens.has(key)) return `Bearer ${this.#tokens.get(key)!.text}`;
      return await this.#token(scopes, scope.split(' '), signal);
    }
    this.#basic = undefined;
    if (!challenges.some(({ scheme }) => scheme === 'basic')) return undefined;
    const credentials = await this.#credentials();
    if (credentials === undefined || !('password' in credentials)) return undefined;
    const basic = basicHeader(credentials);
    if (basic === header) return undefined;
    this.#basic = basic;
    return basic;
  }

  /** Credentials that may be used over this line. */
  async #credentials(): Promise<Credentials | undefined> {
    const { endpoint, credentials } = this.#parts;
    const safe = endpoint.url.startsWith('https:') || endpoint.plainCredentials;
    return safe ? await credentials(endpoint.credentialHost) : undefined;
  }

  async #token(scopes: readonly string[], challenged: readonly string[], signal: AbortSignal): Promise<string> {
    const key = keyOf(scopes);
    const running = this.#asked.get(key);
    const token = running ?? this.#fetch(mergeScopes([...scopes, ...challenged]));
    if (running === undefined) {
      this.#asked.set(key, token);
      void token.then(
        (good) => {
          this.#tokens.set(key, good);
          this.#asked.delete(key);
        },
        () => this.#asked.delete(key),
      );
    }
    return `Bearer ${(await orAborted(token, signal)).text}`;
  }

  /** Not under the signal of whoever came first: others wait too. */
  async #fetch(scopes: readonly string[]): Promise<Token> {
    const credentials = await this.#credentials();
    if (credentials !== undefined && 'registryToken' in credentials)
      return { text: credentials.registryToken, until: Number.POSITIVE_INFINITY };
    const signal = AbortSignal.timeout(tokenPatience);
    const bearer = this.#bearer!;
    const route = routeTo(bearer.realm, this.#parts);
    return await fetchToken({ ...this.#parts, ...bearer, route, scopes, credentials, signal });
  }
}

/**
 * The registry's own headers, which may prove who we are, are for its own address alone. A private authority often signs
 * the token server too; all else that was set for TLS is for the registry's own host.
 */
function routeTo(realm: string, { endpoint, route }: AuthorizerParts): Route {
  const own = new URL(endpoint.url);
  const url = URL.canParse(realm) ? new URL(realm) : undefined;
  const tls = url?.hostname === own.hostname ? endpoint.tls : { ...systemTls, ca: endpoint.tls.ca };
  return { ...route, tls, ownHeaders: url?.origin === own.origin ? route.ownHeaders : {} };
}

function keyOf(scopes: readonly string[]): string {
  return mergeScopes(scopes).join(' ');
}

async function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const done = new AbortController();
  const aborted = new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { signal: done.signal });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    done.abort();
  }
}
