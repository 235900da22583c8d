import { type Agent, type ClientRequest, type IncomingMessage, request } from 'node:http';
import { asError, BerthError, errnoName } from '@berth/model/error';
import { dockerAgent } from './connect.ts';
import { type DockerEndpoint, endpointName } from './host.ts';

/** A daemon that answers a question with more than this is none. */
const maxAnswer = 256 << 20;

/** Calls of a dockerd's HTTP API, without a version in their paths: the daemon's newest. */
export class DockerApi implements Disposable {
  readonly name: string;
  readonly #agent: Agent;

  constructor(endpoint: DockerEndpoint) {
    this.name = endpointName(endpoint);
    this.#agent = dockerAgent(endpoint);
  }

  /**
   * A JSON answer. @throws unavailable (`no_dockerd`, `connection_lost`), permission_denied (`docker_socket`),
   * unauthenticated (`docker_tls`), not_found, invalid_argument, failed_precondition, internal: what the daemon said
   */
  async json<T>(path: string, signal: AbortSignal): Promise<T> {
    const text = (await this.#all(await this.#call('GET', path, signal))).toString();
    try {
      return JSON.parse(text) as T;
    } catch (cause) {
      throw new BerthError('internal', `${this.name} answers ${path} with what is no JSON`, { cause });
    }
  }

  /** A call whose answer says nothing. @throws as `json` */
  async post(path: string, signal: AbortSignal): Promise<void> {
    await this.#all(await this.#call('POST', path, signal));
  }

  /** The bytes of a long answer. @throws as `json` */
  async *stream(path: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const answer = await this.#call('GET', path, signal);
    try {
      for await (const piece of answer) yield piece as Buffer;
    } catch (error) {
      throw this.#failure(error, signal);
    } finally {
      answer.destroy();
    }
  }

  /** Begins to send a tar. */
  upload(path: string, signal: AbortSignal): Upload {
    const call = request({ ...this.#options('POST', path, signal), headers: { 'content-type': 'application/x-tar' } });
    const answer = this.#answer(call, signal).then(async (message) => (await this.#all(message)).toString());
    return { body: call, answer };
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }

  async #call(method: string, path: string, signal: AbortSignal): Promise<IncomingMessage> {
    const call = request(this.#options(method, path, signal));
    call.end();
    return await this.#answer(call, signal);
  }

  #options(method: string, path: string, signal: AbortSignal) {
    return { agent: this.#agent, method, path, signal, host: 'docker', setHost: true };
  }

  async #answer(call: ClientRequest, signal: AbortSignal): Promise<IncomingMessage> {
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      call.once('response', resolve);
      // It stays: an upload's socket may fail once more after the answer.
      call.on('error', (error) => reject(this.#failure(error, signal)));
    });
    if ((answer.statusCode ?? 0) < 400) return answer;
    throw refusal(this.name, answer.statusCode ?? 0, messageOf(await this.#all(answer)));
  }

  async #all(answer: IncomingMessage): Promise<Buffer> {
    const pieces: Buffer[] = [];
    let size = 0;
    for await (const piece of answer) {
      pieces.push(piece as Buffer);
      size += (piece as Buffer).length;
      if (size > maxAnswer) throw new BerthError('resource_exhausted', `the answer of ${this.name} has no end`);
    }
    return Buffer.concat(pieces);
  }

  #failure(cause: unknown, signal: AbortSignal): BerthError {
    if (cause instanceof BerthError) return cause;
    if (signal.aborted) return new BerthError('cancelled', `the transfer with ${this.name} was cancelled`, { cause });
    return connectionFailure(this.name, asError(cause));
  }
}

export interface Upload {
  readonly body: ClientRequest;
  /** What the daemon said once it had all; failures may be inside. Rejects as `json` does. */
  readonly answer: Promise<string>;
}

const elsewhere = 'DOCKER_HOST, --src-daemon-host and --dest-daemon-host name another';

function connectionFailure(name: string, cause: Error): BerthError {
  const errno = errnoName(cause);
  if (errno === 'EACCES' || errno === 'EPERM') {
    return new BerthError('permission_denied', `${name} may not be opened by this user`, {
      code: 'docker_socket',
      hint: "be root, or in the group 'docker'",
      cause,
    });
  }
  if (errno === 'ENOENT' && name.startsWith('ssh://'))
    return new BerthError('failed_precondition', `${name} needs the command ssh`, { code: 'no_ssh', cause });
  if (errno === 'ENOENT' || errno === 'ECONNREFUSED') {
    const hint = `start dockerd there; ${elsewhere}`;
    return new BerthError('unavailable', `no dockerd answers at ${name}`, { code: 'no_dockerd', hint, cause });
  }
  if (/CERT|SIGNATURE|^ERR_(?:SSL|TLS)_/.test(errno ?? '')) {
    return new BerthError('unauthenticated', `${name}: ${cause.message}`, {
      code: 'docker_tls',
      hint: 'DOCKER_CERT_PATH names the folder with ca.pem, cert.pem and key.pem',
      cause,
    });
  }
  const lost = `the connection to ${name} is lost: ${cause.message}`;
  return new BerthError('unavailable', lost, { code: 'connection_lost', cause });
}

function refusal(name: string, status: number, said: string): BerthError {
  const kind =
    status === 404
      ? 'not_found'
      : status === 409
        ? 'failed_precondition'
        : status === 503
          ? 'unavailable'
          : status === 401 || status === 403
            ? 'permission_denied'
            : status < 500
              ? 'invalid_argument'
              : 'internal';
  return new BerthError(kind, `${name} says: ${said === '' ? `status ${status}` : said}`, { code: 'docker_says' });
}

function messageOf(body: Buffer): string {
  const text = body.toString().trim();
  try {
    const { message = text } = JSON.parse(text) as { message?: string };
    return message.slice(0, 2000);
  } catch {
    return text.slice(0, 500);
  }
}
