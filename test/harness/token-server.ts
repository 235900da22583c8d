import { createPrivateKey, randomUUID, sign, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { text as textOf } from 'node:stream/consumers';
import { makeCertificate } from './certificate.ts';

export interface TokenServerOptions {
  readonly username: string;
  readonly password: string;
  /** Who has no credentials may pull. */
  readonly anonymousPull?: boolean;
  /** Seconds that a token is good for; 60 when absent. */
  readonly expiresIn?: number;
  /** Knows only GET, as many do. */
  readonly withoutPost?: boolean;
}

/** What was asked for, in order. */
export interface TokenRequest {
  readonly method: string;
  readonly scopes: readonly string[];
  /** User name or `refresh token`; absent: nobody. */
  readonly who?: string;
}

const service = 'registry of a test';
const issuer = 'token server of a test';

/** A token server as the distribution project describes it: GET with basic auth, and OAuth2's POST. */
export class TokenServer implements AsyncDisposable {
  readonly requests: TokenRequest[] = [];
  /** What POST takes as refresh token, and gives to who asks with a password. */
  readonly refreshToken = `refresh-${randomUUID()}`;
  /** How docker-registry is told to trust it. */
  readonly settings: Readonly<Record<'realm' | 'service' | 'issuer' | 'rootcertbundle', string>>;
  readonly #server: Server;
  readonly #options: TokenServerOptions;
  readonly #sign: (claims: object) => string;

  private constructor(
    server: Server,
    bundle: string,
    options: TokenServerOptions & { sign: (claims: object) => string },
  ) {
    this.#server = server;
    this.#options = options;
    this.#sign = options.sign;
    const { port } = server.address() as { readonly port: number };
    this.settings = { realm: `http://localhost:${port}/token`, service, issuer, rootcertbundle: bundle };
  }

  static async start(folder: string, options: TokenServerOptions): Promise<TokenServer> {
    const { ca, certificate, key } = makeCertificate(folder, 'tokens');
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const tokens = new TokenServer(server, ca, { ...options, sign: signer(certificate, key) });
    server.on('request', (request, response) => {
      void tokens.#answer(request).then(({ status, body }) => {
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
      });
    });
    return tokens;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #answer(request: IncomingMessage): Promise<{ readonly status: number; readonly body: object }> {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const posted = request.method === 'POST';
    if (posted && this.#options.withoutPost === true) return { status: 404, body: {} };
    const form = posted ? new URLSearchParams(await textOf(request)) : url.searchParams;
    const scopes = form.getAll('scope').flatMap((each) => each.split(' '));
    const who = posted ? this.#posted(form) : this.#basic(request.headers.authorization);
    this.requests.push({ method: request.method ?? '', scopes, ...(who === undefined ? {} : { who }) });
    if (who === 'wrong')
      return { status: 401, body: { errors: [{ code: 'UNAUTHORIZED', message: 'wrong password' }] } };
    const access = scopes.map(scopeOf).map((scope) => (who === undefined ? this.#forAnybody(scope) : scope));
    const lifetime = this.#options.expiresIn ?? 60;
    const now = Math.floor(Date.now() / 1000);
    const times = { iat: now, nbf: now - 10, exp: now + lifetime };
    const token = this.#sign({ iss: issuer, sub: who ?? '', aud: service, jti: randomUUID(), ...times, access });
    const refresh = form.get('offline_token') === 'true' || form.get('access_type') === 'offline';
    const named = posted ? { access_token: token } : { token };
    return {
      status: 200,
      body: { ...named, expires_in: lifetime, ...(refresh ? { refresh_token: this.refreshToken } : {}) },
    };
  }

  #posted(form: URLSearchParams): string {
    if (form.get('grant_type') === 'refresh_token')
      return form.get('refresh_token') === this.refreshToken ? 'refresh token' : 'wrong';
    const right = form.get('username') === this.#options.username && form.get('password') === this.#options.password;
    return right ? this.#options.username : 'wrong';
  }

  #basic(header: string | undefined): string | undefined {
    if (header === undefined) return undefined;
    const { username, password } = this.#options;
    const right = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
    return header === right ? username : 'wrong';
  }

  #forAnybody(scope: Scope): Scope {
    const actions = this.#options.anonymousPull === true ? scope.actions.filter((action) => action === 'pull') : [];
    return { ...scope, actions };
  }
}

interface Scope {
  readonly type: string;
  readonly name: string;
  readonly actions: readonly string[];
}

/** `repository:a/b:pull,push`. */
function scopeOf(text: string): Scope {
  const [, type = '', name = '', actions = ''] = /^([^:]+):(.+):([^:]*)$/.exec(text) ?? [];
  return { type, name, actions: actions.split(',') };
}

/** Tokens as docker-registry takes them: a JWT with its certificate in it (x5c). */
function signer(certificate: string, keyFile: string): (claims: object) => string {
  const key = createPrivateKey(readFileSync(keyFile));
  const x5c = [new X509Certificate(readFileSync(certificate)).raw.toString('base64')];
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return (claims) => {
    const text = `${part({ typ: 'JWT', alg: 'ES256', x5c })}.${part(claims)}`;
    return `${text}.${sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
  };
}
