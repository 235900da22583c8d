import { BerthError } from '@berth/model/error';
import { asCount, asString, member, readJson } from '@berth/model/json-reader';
import type { Credentials } from '../contract.ts';
import { failureOf, loginHint } from '../failure/kinds.ts';
import type { Endpoint } from '../host/endpoint.ts';
import { isLoopback } from '../host/loopback.ts';
import { discard, wholeBody } from '../transport/body.ts';
import type { Answer, Outgoing } from '../transport/exchange.ts';
import { follow, type Route } from '../transport/redirect.ts';
import { isPassing, pauseBefore } from '../transport/retry.ts';
import { mayPass } from '../transport/connection-failure.ts';
import type { Tuning } from '../tuning.ts';

const maxAnswer = 1 << 20;
/** What a token server means that does not say (distribution, "Token Authentication Specification"). */
const usualLifetime = 60;

export interface Token {
  readonly text: string;
  /** Milliseconds since the epoch: not to be used from then on. */
  readonly until: number;
}

export interface TokenWish {
  readonly endpoint: Endpoint;
  readonly realm: string;
  readonly service: string | undefined;
  readonly scopes: readonly string[];
  readonly credentials: Exclude<Credentials, { readonly registryToken: string }> | undefined;
  readonly userAgent: string;
  readonly route: Route;
  readonly tuning: Tuning;
  readonly signal: AbortSignal;
}

/**
 * Asks a token server: anonymously or with a password by GET and basic auth, with an identity token by OAuth2's POST, or
 * by GET where the server knows no POST.
 * @throws unauthenticated (`login_needed`), failed_precondition (`bad_realm`), unavailable
 */
export async function fetchToken(wish: TokenWish): Promise<Token> {
  const realm = realmOf(wish);
  const { credentials } = wish;
  if (credentials !== undefined && 'identityToken' in credentials) {
    const answer = await ask(wish, posted(wish, realm, credentials.identityToken));
    if (answer.status !== 404 && answer.status !== 405) return await tokenIn(wish, answer);
    discard(answer);
    const { username = '<token>', identityToken } = credentials;
    return await tokenIn(wish, await ask(wish, gotten(wish, realm, { username, password: identityToken })));
  }
  return await tokenIn(wish, await ask(wish, gotten(wish, realm, credentials)));
}

/** A realm on another host is usual; one without TLS would hand the password to everybody on the way. */
function realmOf({ realm, endpoint }: TokenWish): URL {
  const url = URL.canParse(realm) ? new URL(realm) : undefined;
  const lenient = url !== undefined && (isLoopback(url.host) || sameInsecureHost(url, endpoint));
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && lenient)) return url;
  throw new BerthError('failed_precondition', `${endpoint.credentialHost} wants a token from a place without TLS`, {
    code: 'bad_realm',
    hint: "the registry's token server needs an https address",
  });
}

function sameInsecureHost(url: URL, endpoint: Endpoint): boolean {
  return endpoint.plainCredentials && url.hostname === new URL(endpoint.url).hostname;
}

type Request = Pick<Outgoing, 'method' | 'url' | 'headers' | 'body'>;

function gotten(
  wish: TokenWish,
  realm: URL,
  credentials: { readonly username: string; readonly password: string } | undefined,
): Request {
  const url = new URL(realm);
  if (wish.service !== undefined) url.searchParams.set('service', wish.service);
  for (const scope of wish.scopes) url.searchParams.append('scope', scope);
  url.searchParams.set('client_id', 'berth');
  const headers: Record<string, string> = {};
  if (credentials !== undefined) headers['authorization'] = basicHeader(credentials);
  if (credentials !== undefined) url.searchParams.set('account', credentials.username);
  return { method: 'GET', url, headers };
}

function posted({ service, scopes }: TokenWish, realm: URL, refreshToken: string): Request {
  const form = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: refreshToken, client_id: 'berth' });
  if (service !== undefined) form.set('service', service);
  if (scopes.length > 0) form.set('scope', scopes.join(' '));
  const bytes = Buffer.from(form.toString());
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const body = { size: bytes.length, read: () => once(bytes), isSecret: true };
  return { method: 'POST', url: realm, headers, body };
}

export function basicHeader({ username, password }: { readonly username: string; readonly password: string }): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

async function ask(wish: TokenWish, request: Request): Promise<Answer> {
  const { tuning, signal, route } = wish;
  const headers = { accept: 'application/json', 'user-agent': wish.userAgent, ...request.headers };
  for (let attempt = 0; ; attempt++) {
    let failure: unknown;
    let retryAfter: string | undefined;
    try {
      const answer = await follow({ ...request, headers, signal }, route);
      const pause = pauseBefore(attempt, answer.headers['retry-after'], tuning);
      if (!isPassing(answer.status) || pause === undefined) return answer;
      retryAfter = answer.headers['retry-after'];
      discard(answer);
    } catch (error) {
      if (!mayPass(error)) throw error;
      failure = error;
    }
    const pause = pauseBefore(attempt, retryAfter, tuning);
    if (pause === undefined) throw failure;
    await tuning.clock.sleep(pause, signal);
  }
}

async function tokenIn(wish: TokenWish, answer: Answer): Promise<Token> {
  const { endpoint, tuning } = wish;
  const host = endpoint.credentialHost;
  const body = await wholeBody(answer, maxAnswer, tuning.bodyPatience);
  const title = `token for ${host}`;
  if (answer.status === 401 || answer.status === 403) throw refused(wish);
  if (answer.status !== 200) throw failureOf(answer.status, body.toString(), { title, host });
  try {
    const json = readJson(body, title, maxAnswer);
    const found = member(json, 'token') ?? member(json, 'access_token');
    const text = found === undefined ? '' : asString(found);
    if (!/^[\x21-\x7e]+$/.test(text)) throw new Error('there is no token in it');
    const lifetime = member(json, 'expires_in');
    const seconds = lifetime === undefined ? usualLifetime : asCount(lifetime);
    // Renewed before it ends: it must still be good when it arrives.
    return { text, until: tuning.clock.now() + Math.max(seconds * 900, seconds * 1000 - 15_000) };
  } catch (error) {
    // Without cause: what the parser says quotes the answer, which may have a token in it.
    const problem = error instanceof BerthError ? 'it is not the JSON that it should be' : (error as Error).message;
    throw new BerthError('unavailable', `${title}: the answer of ${answer.url.host} is of no use: ${problem}`, {
      code: 'bad_token_answer',
    });
  }
}

function refused({ endpoint, credentials }: TokenWish): BerthError {
  const host = endpoint.credentialHost;
  const problem = credentials === undefined ? 'gives nothing without credentials' : 'does not accept the credentials';
  return new BerthError('unauthenticated', `${host} ${problem}`, { code: 'login_needed', hint: loginHint(host) });
}
