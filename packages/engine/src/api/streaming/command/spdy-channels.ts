import type { Duplex } from 'node:stream';
import { BerthError } from '@berth/model/error';
import type { CommandSession } from '../contract.ts';
import { SpdySession } from '../spdy/session.ts';
import type { SpdyStream } from '../spdy/stream.ts';
import type { CommandChannels } from './channels.ts';
import type { CommandProtocol } from './protocol.ts';
import { runCommand } from './run-command.ts';
import { Sizes } from './sizes.ts';
import { type CommandOutcome, statusText } from './status.ts';

/** What the client calls its streams, in the header `streamtype`. */
type StreamType = 'error' | 'stdin' | 'stdout' | 'stderr' | 'resize';

export interface SpdyCommandOptions {
  readonly protocol: CommandProtocol;
  /** Milliseconds until a client must have opened its streams. */
  readonly creationTimeout: number;
}

/** Serves one client of a command over SPDY/3.1, to its end. */
export async function serveSpdyCommand(
  connection: Duplex,
  session: CommandSession,
  { protocol, creationTimeout }: SpdyCommandOptions,
): Promise<void> {
  const streams = new ExpectedStreams(expectedTypes(session, protocol));
  const spdy = new SpdySession(connection, (stream) => streams.offer(stream));
  const served = spdy.run();
  // It is waited for below, when the command has ended.
  served.catch(() => undefined);
  try {
    const found = await streams.all(AbortSignal.any([spdy.gone, AbortSignal.timeout(creationTimeout)]));
    await runCommand(session, spdyChannels(spdy, found, protocol));
  } catch {
    // Without its streams there is nowhere to say so.
    spdy.close();
  }
  await served;
}

function expectedTypes({ stdin, stdout, stderr, tty }: CommandSession, { resizes }: CommandProtocol): StreamType[] {
  const wanted: Record<StreamType, boolean> = { error: true, stdin, stdout, stderr, resize: tty && resizes };
  return (Object.keys(wanted) as StreamType[]).filter((type) => wanted[type]);
}

/** Streams that a client has to open before its command can begin: all that were asked for, each once. */
class ExpectedStreams {
  readonly #missing: Set<string>;
  readonly #found = new Map<string, SpdyStream>();
  readonly #all = Promise.withResolvers<ReadonlyMap<string, SpdyStream>>();

  constructor(types: readonly StreamType[]) {
    this.#missing = new Set(types);
  }

  offer(stream: SpdyStream): void {
    const type = stream.headers.get('streamtype') ?? '';
    if (!this.#missing.delete(type)) {
      stream.reset();
      return;
    }
    stream.accept();
    this.#found.set(type, stream);
    if (this.#missing.size === 0) this.#all.resolve(this.#found);
  }

  /** @throws deadline_exceeded */
  async all(signal: AbortSignal): Promise<ReadonlyMap<string, SpdyStream>> {
    const give = (): void =>
      this.#all.reject(
        new BerthError('deadline_exceeded', `the client has not opened: ${[...this.#missing].join(', ')}`, {
          code: 'streams_missing',
        }),
      );
    signal.addEventListener('abort', give);
    try {
      return await this.#all.promise;
    } finally {
      signal.removeEventListener('abort', give);
    }
  }
}

function spdyChannels(
  spdy: SpdySession,
  streams: ReadonlyMap<string, SpdyStream>,
  { status }: CommandProtocol,
): CommandChannels {
  const [stdin, resize, error] = [streams.get('stdin'), streams.get('resize'), streams.get('error')];
  return {
    signal: spdy.gone,
    ...(stdin === undefined ? {} : { stdin: stdin.input }),
    resizes: sizesOf(resize),
    write: async (name, bytes) => await streams.get(name)?.write(bytes),
    finish: async (outcome: CommandOutcome) => {
      for (const name of ['stdout', 'stderr']) streams.get(name)?.end();
      await error?.write(Buffer.from(statusText(outcome, status)));
      error?.end();
      spdy.close();
    },
  };
}

function sizesOf(stream: SpdyStream | undefined): Sizes {
  const sizes = new Sizes();
  void (async () => {
    for await (const bytes of stream?.input ?? []) sizes.push(bytes);
    sizes.end();
  })();
  return sizes;
}
