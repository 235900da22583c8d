import { connect, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { stalled } from './connection-failure.ts';
import type { Answer, Outgoing, Patience } from './exchange.ts';

const bufferSize = 256 << 10;
/** Of the whole head; node:http allows as much. */
const maxHead = 16 << 10;
/** What a header's value may have in it (RFC 9110, 5.5): nothing that begins another line. */
const unsendable = /[^\t\x20-\x7e]/;

/**
 * A GET over plain http whose answer is some megabytes, read with large buffers straight from the socket. node:http gives
 * 64 KiB pieces, each through its parser, at about twice the processor time (docs/registry.md has the numbers).
 * For registries on this machine only, where that is what a pull waits for.
 *
 * @returns undefined for whatever is no plain success with a length: node:http is to be asked then
 */
export async function bulkExchange(outgoing: Outgoing, patience: Patience): Promise<Answer | undefined> {
  const { url, headers, signal } = outgoing;
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  if (Object.values(headers).some((value) => unsendable.test(value))) return undefined;
  const body = new BulkBody(url, signal);
  try {
    body.send(
      `GET ${url.pathname}${url.search} HTTP/1.1\r\nhost: ${url.host}\r\nconnection: close\r\n${lines.join('')}\r\n`,
    );
    const head = parseHead(await body.head(patience.answerPatience));
    if (head === undefined) {
      body.destroy();
      return undefined;
    }
    body.expect(head.length);
    return { status: head.status, headers: head.headers, url, stream: body };
  } catch (error) {
    body.destroy();
    throw error;
  }
}

interface Head {
  readonly status: 200 | 206;
  readonly headers: Readonly<Record<string, string>>;
  readonly length: number;
}

/** Undefined unless all is as usual. */
function parseHead(text: string): Head | undefined {
  const [first = '', ...lines] = text.split('\r\n');
  const status = Number(/^HTTP\/1\.1 (200|206)(?: |$)/.exec(first)?.[1]);
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const [, name, value] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\0\r\n]*?)[ \t]*$/.exec(line) ?? [];
    if (name === undefined || value === undefined) return undefined;
    const key = name.toLowerCase();
    if (key === 'content-length' && headers[key] !== undefined) return undefined;
    headers[key] = value;
  }
  const length = headers['content-length'] ?? '';
  const plain = headers['transfer-encoding'] === undefined && /^\d{1,15}$/.test(length);
  return plain && (status === 200 || status === 206) ? { status, headers, length: Number(length) } : undefined;
}

/** The answer's bytes as a stream; ends after as many as were announced. */
class BulkBody extends Readable {
  readonly #socket: Socket;
  /** What came before the head was whole. */
  #early = Buffer.alloc(0);
  #left: number | undefined;
  #arrived: (() => void) | undefined;
  #buffer = Buffer.alloc(0);

  constructor(url: URL, signal: AbortSignal) {
    super({ highWaterMark: 4 * bufferSize, signal });
    this.on('error', () => this.#arrived?.());
    this.#socket = connect({
      host: url.hostname.replace(/^\[|\]$/g, ''),
      port: Number(url.port || 80),
      onread: { buffer: () => this.#nextBuffer(), callback: (size) => this.#take(size) },
    });
    this.#socket.on('error', (error) => this.destroy(error));
    // What is whole stays to be read.
    this.#socket.on('close', () => this.#left !== 0 && this.destroy(lost()));
  }

  send(text: string): void {
    this.#socket.write(text, 'latin1');
  }

  /** Waits for the head. Empty when it is too long. */
  async head(patience: number): Promise<string> {
    this.#socket.setTimeout(patience, () => this.destroy(stalled()));
    for (;;) {
      if (this.errored) throw this.errored;
      const end = this.#early.indexOf('\r\n\r\n');
      if (end >= 0 || this.#early.length > maxHead) {
        this.#socket.setTimeout(0);
        const text = end < 0 || end > maxHead ? '' : this.#early.subarray(0, end).toString('latin1');
        this.#early = this.#early.subarray(end + 4);
        return text;
      }
      await new Promise<void>((resolve) => {
        this.#arrived = resolve;
      });
    }
  }

  /** From here on it is a body of that many bytes. */
  expect(length: number): void {
    this.#left = length;
    this.#give(this.#early);
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#socket.destroy();
    done(error);
  }

  #nextBuffer(): Buffer {
    if (this.#buffer.length === 0) this.#buffer = Buffer.allocUnsafeSlow(bufferSize);
    return this.#buffer;
  }

  /** @returns whether more may come */
  #take(size: number): boolean {
    let piece = this.#buffer.subarray(0, size);
    // A buffer goes along with its bytes; one with few in it would cost memory that nobody counts.
    if (size < bufferSize / 4) piece = Buffer.copyBytesFrom(piece);
    else this.#buffer = Buffer.alloc(0);
    if (this.#left !== undefined) return this.#give(piece);
    this.#early = Buffer.concat([this.#early, piece]);
    this.#arrived?.();
    return this.#early.length <= maxHead;
  }

  #give(piece: Buffer): boolean {
    const wanted = piece.subarray(0, this.#left);
    this.#left! -= wanted.length;
    const more = wanted.length === 0 || this.push(wanted);
    if (this.#left! > 0) return more;
    this.push(null);
    this.#socket.destroy();
    return false;
  }
}

function lost(): Error {
  return Object.assign(new Error('the connection ended before the answer did'), { code: 'ECONNRESET' });
}
