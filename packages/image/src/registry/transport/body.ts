import { BerthError } from '@berth/model/error';
import { connectionFailure, stalled } from './connection-failure.ts';
import type { Answer } from './exchange.ts';

/** What is left of an answer that nobody wants is read when it is small: the connection stays of use. */
const worthReading = 64 << 10;
/** Milliseconds that it may take. */
const worthWaiting = 5000;

/**
 * The body's pieces. Ends early, with an error, when no byte comes for `patience` milliseconds or the line breaks.
 * @throws unavailable (`connection_lost`)
 */
export async function* piecesOf({ stream, url }: Answer, patience: number): AsyncGenerator<Uint8Array> {
  let waiting = true;
  // Slowness of the reader is not the line's.
  const timer = setTimeout(() => waiting && stream.destroy(stalled()), patience);
  try {
    for await (const piece of stream as AsyncIterable<Buffer>) {
      waiting = false;
      yield piece;
      waiting = true;
      timer.refresh();
    }
  } catch (error) {
    throw connectionFailure(error, url);
  } finally {
    clearTimeout(timer);
    stream.destroy();
  }
}

/** The whole body. @throws resource_exhausted (`too_big`), unavailable (`connection_lost`) */
export async function wholeBody(answer: Answer, limit: number, patience: number): Promise<Buffer> {
  const announced = Number(answer.headers['content-length'] ?? 0);
  const pieces: Uint8Array[] = [];
  let size = 0;
  if (announced <= limit) {
    for await (const piece of piecesOf(answer, patience)) {
      size += piece.length;
      if (size > limit) break;
      pieces.push(piece);
    }
    if (size <= limit) return Buffer.concat(pieces);
  }
  answer.stream.destroy();
  throw new BerthError('resource_exhausted', `${answer.url.host} answered with more than the ${limit} bytes allowed`, {
    code: 'too_big',
  });
}

/** Ends an answer whose body is of no interest. */
export function discard({ stream, headers }: Answer): void {
  if (Number(headers['content-length'] ?? 0) > worthReading || headers['transfer-encoding'] !== undefined)
    return void stream.destroy();
  // Without a length, or with a wrong one, it may never end.
  const timer = setTimeout(() => stream.destroy(), worthWaiting).unref();
  stream.once('close', () => clearTimeout(timer)).resume();
}
