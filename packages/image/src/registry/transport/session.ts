import { BerthError } from '@berth/model/error';
import { Authorizer } from '../auth/authorizer.ts';
import { parseChallenges } from '../auth/challenge.ts';
import type { CredentialSource } from '../contract.ts';
import { failureOf, type Subject } from '../failure/kinds.ts';
import { plainText } from '../failure/plain-text.ts';
import type { Endpoint } from '../host/endpoint.ts';
import { systemTls } from '../host/tls.ts';
import type { Tuning } from '../tuning.ts';
import type { Agents } from './agents.ts';
import { discard, wholeBody } from './body.ts';
import { mayPass, SourceFailure } from './connection-failure.ts';
import type { Answer, Body } from './exchange.ts';
import { follow, type Route } from './redirect.ts';
import { isPassing, pauseBefore } from './retry.ts';
import { speaksTls } from './scheme.ts';

/** Bodies of refusals are short. */
const maxComplaint = 64 << 10;

/** A request of the registry API. */
export interface ApiRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Below the API's root, `/app/tags/list?n=10`; or a URL that the registry itself gave. */
  readonly target: string | URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Body;
  readonly scopes: readonly string[];
  /** Statuses that are answers; any other is a failure. */
  readonly expect: readonly number[];
  readonly subject: Subject;
  readonly signal: AbortSignal;
  /** A failure that may pass is thrown at once: the caller knows better where to go on. */
  readonly once?: boolean;
  /** The answer is expected to be large. */
  readonly bulk?: boolean;
}

export interface SessionParts {
  readonly endpoint: Endpoint;
  readonly agents: Agents;
  readonly credentials: CredentialSource;
  readonly userAgent: string;
  readonly tuning: Tuning;
}

/** Requests to one host: authorised, redirected, repeated, and refused in Berth's words. */
export class Session {
  readonly endpoint: Endpoint;
  readonly #userAgent: string;
  readonly #tuning: Tuning;
  readonly #route: Route;
  readonly #authorizer: Authorizer;
  /** The API's root once it is known whether the host speaks TLS. */
  #root: string | undefined;

  constructor({ endpoint, agents, credentials, userAgent, tuning }: SessionParts) {
    this.endpoint = endpoint;
    this.#userAgent = userAgent;
    this.#tuning = tuning;
    this.#route = { agents, tls: endpoint.tls, ownHeaders: endpoint.header, patience: tuning };
    this.#authorizer = new Authorizer({ endpoint, credentials, userAgent, route: this.#route, tuning });
  }

  /** @throws as RegistryClient says; what a body's `read` threw comes as it was */
  async send(request: ApiRequest): Promise<Answer> {
    try {
      return await this.#repeated(request);
    } catch (error) {
      if (error instanceof SourceFailure) throw error.cause;
      if (!request.signal.aborted || error instanceof BerthError) throw error;
      throw new BerthError('cancelled', `${request.subject.title}: cancelled`, { cause: error });
    }
  }

  /** The whole body of an answer to `request`. @throws resource_exhausted (`too_big`) */
  async read(request: ApiRequest, limit: number): Promise<{ readonly answer: Answer; readonly bytes: Buffer }> {
    for (let attempt = 0; ; attempt++) {
      const answer = await this.send(request);
      try {
        return { answer, bytes: await wholeBody(answer, limit, this.#tuning.bodyPatience) };
      } catch (error) {
        if (!mayPass(error) || request.signal.aborted || attempt >= this.#tuning.maxRetries) throw error;
      }
    }
  }

  /** A URL that the registry gave in Location or Link. @throws failed_precondition (`bad_location_header`) */
  resolve(location: string | undefined, from: URL): URL {
    const url = location !== undefined && URL.canParse(location, from.href) ? new URL(location, from) : undefined;
    // A registry behind a TLS proxy that does not know of it.
    if (url?.protocol === 'http:' && from.protocol === 'https:' && url.hostname === from.hostname) {
      url.protocol = 'https:';
      url.port = from.port;
    }
    const safe = url?.protocol === 'https:' || (url?.protocol === 'http:' && from.protocol === 'http:');
    if (url !== undefined && safe) return url;
    throw new BerthError('failed_precondition', `${from.host} names no usable place to go on`, {
      code: 'bad_location_header',
    });
  }

  async #repeated(request: ApiRequest): Promise<Answer> {
    const { signal } = request;
    for (let attempt = 0; ; attempt++) {
      let failure: BerthError;
      let pause: number | undefined;
      try {
        const answer = await this.#authorized(request);
        if (request.expect.includes(answer.status)) return answer;
        failure = await this.#failure(answer, request);
        pause = isPassing(answer.status)
          ? pauseBefore(attempt, answer.headers['retry-after'], this.#tuning)
          : undefined;
      } catch (error) {
        if (!mayPass(error)) throw error;
        failure = named(error as BerthError, request.subject);
        pause = pauseBefore(attempt, undefined, this.#tuning);
      }
      if (pause === undefined || request.once === true) throw failure;
      await this.#tuning.clock.sleep(pause, signal);
    }
  }

  async #authorized(request: ApiRequest): Promise<Answer> {
    const { scopes, signal } = request;
    const url = await this.#url(request.target, signal);
    // An upload may live on another host: what proves who we are is not for that.
    const foreign = url.origin !== new URL(this.#root!).origin;
    const header = foreign ? undefined : await this.#authorizer.header(scopes, signal);
    const first = await this.#once(request, url, header);
    if (first.status !== 401 || foreign || first.url.origin !== url.origin) return first;
    const challenges = parseChallenges(first.headers['www-authenticate'] ?? '');
    const better = await this.#authorizer.answer(challenges, { header, scopes }, signal);
    if (better === undefined) return first;
    discard(first);
    return await this.#once(request, url, better);
  }

  async #once(request: ApiRequest, url: URL, authorization: string | undefined): Promise<Answer> {
    const { method, headers, body, signal, bulk = false } = request;
    const sent = {
      'user-agent': this.#userAgent,
      accept: '*/*',
      // A body that is compressed on the way has neither the size nor the digest that was asked for.
      'accept-encoding': 'identity',
      ...headers,
      ...(authorization === undefined ? {} : { authorization }),
    };
    const own = url.origin === new URL(this.#root!).origin;
    const route = own ? this.#route : { ...this.#route, tls: systemTls, ownHeaders: {} };
    return await follow({ method, url, headers: sent, signal, bulk, ...(body === undefined ? {} : { body }) }, route);
  }

  async #url(target: string | URL, signal: AbortSignal): Promise<URL> {
    this.#root ??= await this.#decideRoot(signal);
    if (target instanceof URL) return target;
    const url = new URL(`${this.#root}${target}`);
    const { namespace } = this.endpoint;
    if (namespace !== undefined) url.searchParams.set('ns', namespace);
    return url;
  }

  async #decideRoot(signal: AbortSignal): Promise<string> {
    const { url, mayFallBack } = this.endpoint;
    if (!mayFallBack || (await speaksTls(new URL(url), signal)) !== false) return url;
    return url.replace('https:', 'http:');
  }

  async #failure(answer: Answer, { subject, method }: ApiRequest): Promise<BerthError> {
    let body = '';
    try {
      if (method === 'HEAD') discard(answer);
      else body = (await wholeBody(answer, maxComplaint, this.#tuning.bodyPatience)).toString();
    } catch {
      // The status says enough.
    }
    return failureOf(answer.status, body, subject);
  }
}

/** The host alone says little where several are asked. */
function named(error: BerthError, { title }: Subject): BerthError {
  return new BerthError(error.kind, `${plainText(title)}: ${error.message}`, {
    code: error.code,
    cause: error,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
  });
}
