import type { Duplex } from 'node:stream';
import { encodeFrame, FrameParser, frameTypes, type Frame } from '@berth/wire/native/stream';
import type { AttachedStream, AttachRequest } from '#service/container/contract';
import { roomIn } from '../http/room-in.ts';
import { apiError } from './api-error.ts';

export interface StreamOptions {
  readonly stdin: boolean;
  readonly output: boolean;
  /** The program's standard input ends when this client goes away (docker's StdinOnce). */
  readonly closeStdinWhenGone: boolean;
  readonly open: (lines: Pick<AttachRequest, 'onOutput'>) => Promise<AttachedStream>;
}

/** Carries one upgraded connection between a client's frames and a process, until either ends. */
export async function serveStream(connection: Duplex, options: StreamOptions): Promise<void> {
  const send = async (frame: Buffer): Promise<void> => {
    if (connection.destroyed || !connection.writable) return;
    if (!connection.write(frame)) await roomIn(connection);
  };
  connection.on('error', () => undefined);
  try {
    const stream = await options.open({
      onOutput: (name, chunk) => send(encodeFrame(frameTypes[name], chunk)),
    });
    await send(encodeFrame(frameTypes.started));
    const gone = forwardInput(connection, stream, options);
    const exit = await Promise.race([stream.exit, gone]);
    if (exit === 'gone') {
      if (options.stdin && options.closeStdinWhenGone) stream.closeStdin();
      stream.detach();
      return;
    }
    await send(encodeFrame(frameTypes.exit, Buffer.from(JSON.stringify(exit))));
  } catch (error) {
    await send(encodeFrame(frameTypes.error, Buffer.from(JSON.stringify(apiError(error)))));
  } finally {
    connection.end();
  }
}

/** Ends when the client does: this protocol has a frame for the end of standard input, so no half-close is needed. */
async function forwardInput(connection: Duplex, stream: AttachedStream, options: StreamOptions): Promise<'gone'> {
  const parser = new FrameParser();
  try {
    for await (const chunk of connection.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      for (const frame of parser.push(chunk)) await take(frame, stream, options);
    }
  } catch {
    // The client broke the connection or the protocol: the process does not care.
    connection.destroy();
  }
  return 'gone';
}

async function take(frame: Frame, stream: AttachedStream, options: StreamOptions): Promise<void> {
  if (frame.type === frameTypes.stdin && options.stdin) await stream.writeStdin(frame.payload);
  else if (frame.type === frameTypes.stdinClose && options.stdin) stream.closeStdin();
  else if (frame.type === frameTypes.resize) {
    const { rows, columns } = JSON.parse(Buffer.from(frame.payload).toString()) as { rows: number; columns: number };
    // A process that has just ended has no terminal any more.
    await stream.resize({ rows, columns }).catch(() => undefined);
  }
}
