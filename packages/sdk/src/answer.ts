import { BerthError } from '@berth/model/error';
import type { ByteSource } from './byte-source.ts';

/** The head of an HTTP/1.1 answer. Header names are in lower case; a repeated header keeps its last value. */
export interface AnswerHead {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
}

/** A daemon that sends a longer head, or a longer line of a chunked body, is not ours. */
const maxHead = 64 << 10;

/** @throws unavailable (`connection_lost`) when the answer ends early, internal (`bad_answer`) when it is not HTTP */
export async function readHead(source: ByteSource): Promise<AnswerHead> {
  const [statusLine = '', ...lines] = (await readUntil(source, '\r\n\r\n')).split('\r\n');
  const status = /^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(statusLine)?.[1];
  if (status === undefined) throw badAnswer(`'${statusLine.slice(0, 80)}' is not an HTTP status line`);
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon > 0) headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
  }
  return { status: Number(status), headers };
}

/** The body that follows the head (RFC 9112, section 6.3). */
export async function* readBody(source: ByteSource, head: AnswerHead): AsyncGenerator<Buffer> {
  if (head.status === 204 || head.status === 304) return;
  const length = head.headers['content-length'];
  if (head.headers['transfer-encoding']?.toLowerCase() === 'chunked') yield* readChunks(source);
  else if (length !== undefined) yield* readExactly(source, Number(length));
  else for (let bytes = await source.read(); bytes !== undefined; bytes = await source.read()) yield bytes;
}

async function* readChunks(source: ByteSource): AsyncGenerator<Buffer> {
  for (;;) {
    const line = await readUntil(source, '\r\n');
    const size = /^([0-9a-fA-F]{1,12})(?:[ \t]*;.*)?$/.exec(line)?.[1];
    if (size === undefined) throw badAnswer(`'${line.slice(0, 80)}' is not a chunk size`);
    if (Number.parseInt(size, 16) === 0) break;
    yield* readExactly(source, Number.parseInt(size, 16));
    if ((await readUntil(source, '\r\n')) !== '') throw badAnswer('a chunk is longer than its size');
  }
  while ((await readUntil(source, '\r\n')) !== '');
}

async function* readExactly(source: ByteSource, length: number): AsyncGenerator<Buffer> {
  let missing = length;
  while (missing > 0) {
    const bytes = await source.read();
    if (bytes === undefined) throw lost();
    const taken = bytes.subarray(0, missing);
    if (taken.length < bytes.length) source.unread(bytes.subarray(taken.length));
    missing -= taken.length;
    yield taken;
  }
}

/** The text before the mark; the mark itself is consumed. */
async function readUntil(source: ByteSource, mark: string): Promise<string> {
  let pending: Buffer = Buffer.alloc(0);
  for (;;) {
    const bytes = await source.read();
    if (bytes === undefined) throw lost();
    pending = pending.length === 0 ? bytes : Buffer.concat([pending, bytes]);
    const at = pending.indexOf(mark);
    if (at >= 0) {
      source.unread(pending.subarray(at + mark.length));
      return pending.toString('latin1', 0, at);
    }
    if (pending.length > maxHead) throw badAnswer(`no end of line within ${maxHead} bytes`);
  }
}

export function lost(cause?: unknown): BerthError {
  return new BerthError('unavailable', 'the daemon closed the connection before its answer was complete', {
    code: 'connection_lost',
    hint: "see why in the daemon's log, then try again: containers go on running without it",
    cause,
  });
}

function badAnswer(message: string): BerthError {
  return new BerthError('internal', `bad answer from the daemon: ${message}`, {
    code: 'bad_answer',
    hint: 'does another program listen on this socket?',
  });
}
