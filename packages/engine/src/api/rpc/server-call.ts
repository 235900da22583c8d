import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { create, type DescMessage, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import type { Log } from '@berth/model/context';
import { asError, BerthError } from '@berth/model/error';
import { framed } from '@berth/wire/grpc/frame';
import { roomIn } from '../http/room-in.ts';
import type { RpcCall } from './contract.ts';
import type { MethodTable, RpcMethod } from './method-table.ts';
import { readRequest } from './read-request.ts';
import { failure, type StatusHeaders, success } from './status-code.ts';
import { parseTimeout } from './timeout.ts';

export interface ServerCallOptions {
  readonly methods: MethodTable;
  /** Bytes that a message may have, each way. */
  readonly maxMessageSize: number;
  readonly log: Log;
}

const responseHeaders = {
  ':status': 200,
  'content-type': 'application/grpc',
  // Whoever sends a compressed message is told what to do instead.
  'grpc-accept-encoding': 'identity',
} as const;

/**
 * One call. It ends once: with its handler, when its deadline passes, or when its client goes away. A handler that goes
 * on after that is not waited for, and what it answers goes nowhere.
 */
export class ServerCall {
  readonly #stream: ServerHttp2Stream;
  readonly #headers: IncomingHttpHeaders;
  readonly #options: ServerCallOptions;
  readonly #gone = new AbortController();
  readonly #began = performance.now();
  #timer: NodeJS.Timeout | undefined;
  #deadline: number | undefined;
  #isOver = false;

  constructor(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, options: ServerCallOptions) {
    this.#stream = stream;
    this.#headers = headers;
    this.#options = options;
    // What breaks a stream closes it too.
    stream.on('error', () => undefined);
    stream.once('close', () => this.#close());
  }

  /** Resolves when the handler is done. Never rejects. */
  async run(): Promise<void> {
    try {
      const method = this.#options.methods.find(this.#headers[':path'] ?? '');
      this.#watchDeadline();
      const bytes = await readRequest(this.#stream, this.#options.maxMessageSize);
      await this.#answer(method, decode(method, bytes));
      this.#end(success);
    } catch (error) {
      this.#fail(asBerthError(error));
    }
  }

  async #answer({ description, handle }: RpcMethod, request: ReturnType<typeof decode>): Promise<void> {
    if (this.#isOver) return;
    const headers = this.#headers;
    const call: RpcCall = {
      signal: this.#gone.signal,
      ...(this.#deadline === undefined ? {} : { deadline: this.#deadline }),
      log: this.#options.log,
      // Few want it: a kubelet's many small calls are not to pay for it.
      get metadata() {
        return callMetadata(headers);
      },
    };
    const answer = handle(call, request);
    if (!(Symbol.asyncIterator in answer)) return await this.#send(description.output, await answer);
    // A stream of events may be quiet for long: its client learns at once that it is heard.
    this.#begin();
    for await (const message of answer) {
      if (this.#isOver) return;
      await this.#send(description.output, message);
    }
  }

  /** Resolves when there is room for more. */
  async #send<O extends DescMessage>(schema: O, message: MessageInitShape<O>): Promise<void> {
    if (this.#isOver) return;
    const bytes = toBinary(schema, create(schema, message));
    const { maxMessageSize } = this.#options;
    if (bytes.length > maxMessageSize) {
      throw new BerthError(
        'resource_exhausted',
        `the answer has ${bytes.length} bytes, at most ${maxMessageSize} can be sent`,
        {
          code: 'message_too_large',
          hint: 'ask for less with a filter, or call the method that streams its answer',
        },
      );
    }
    this.#begin();
    if (!this.#stream.write(framed(bytes))) await roomIn(this.#stream);
  }

  #begin(): void {
    if (!this.#stream.headersSent) this.#stream.respond(responseHeaders, { waitForTrailers: true });
  }

  #watchDeadline(): void {
    const milliseconds = parseTimeout(this.#headers['grpc-timeout'] as string | undefined);
    if (milliseconds === undefined) return;
    this.#deadline = this.#began + milliseconds;
    this.#timer = setTimeout(() => {
      const late = new BerthError('deadline_exceeded', 'the deadline of the call has passed');
      this.#gone.abort(late);
      this.#fail(late);
    }, milliseconds);
  }

  #fail(error: BerthError): void {
    const { log } = this.#options;
    if (error.kind === 'internal' && !this.#isOver) {
      log.error('call failed', { method: this.#headers[':path'], error: error.stack });
    }
    this.#end(failure(error));
  }

  /** Tells how it ended, unless it is over already. */
  #end(status: StatusHeaders): void {
    if (this.#isOver) return;
    this.#finish(status);
    const stream = this.#stream;
    if (stream.destroyed || stream.closed) return;
    if (stream.headersSent) {
      stream.once('wantTrailers', () => stream.sendTrailers({ ...status }));
      stream.end();
    } else stream.respond({ ...responseHeaders, ...status }, { endStream: true });
    // What the client still sends is for nobody. Not before our own words have left: a reset drops them.
    if (!stream.readableEnded) setImmediate(() => stream.close());
  }

  #close(): void {
    if (this.#isOver) return;
    const gone = new BerthError('cancelled', 'the client went away', { code: 'client_gone' });
    this.#finish(failure(gone));
    this.#gone.abort(gone);
  }

  #finish(status: StatusHeaders): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    const milliseconds = Math.round((performance.now() - this.#began) * 10) / 10;
    const { 'grpc-status': code, 'grpc-message': message } = status;
    this.#options.log.debug('call', { method: this.#headers[':path'], status: code, message, milliseconds });
  }
}

function decode({ description }: RpcMethod, bytes: Uint8Array) {
  try {
    return fromBinary(description.input, bytes);
  } catch (cause) {
    throw new BerthError(
      'invalid_argument',
      `the request is no ${description.input.typeName}: ${asError(cause).message}`,
      {
        code: 'bad_message',
        cause,
      },
    );
  }
}

/** Those of the caller, without HTTP/2's and gRPC's own. */
function callMetadata(headers: IncomingHttpHeaders): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (/^(?::|grpc-|te$|content-type$|user-agent$)/.test(name) || value === undefined) continue;
    found[name] = Array.isArray(value) ? value.join(',') : value;
  }
  return found;
}

function asBerthError(value: unknown): BerthError {
  if (value instanceof BerthError) return value;
  const error = asError(value);
  return new BerthError('internal', error.message, { cause: error });
}
