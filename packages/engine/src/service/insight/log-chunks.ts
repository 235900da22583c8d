import type { LogRecord } from '#service/log/cri-line';
import type { LogChunk, LogOptions } from './contract.ts';

type Stream = LogRecord['stream'];

const newline = Buffer.from('\n');

/**
 * What a client is sent of records: neighbours of one stream in one piece, because a frame and a write for each line
 * take fifty times as long. The two streams may part each other's lines, so each has its own.
 */
export class LogChunks {
  readonly #options: Pick<LogOptions, Stream | 'timestamps'>;
  readonly #isTerminal: boolean;
  readonly #isLineStart = { stdout: true, stderr: true };

  constructor(options: Pick<LogOptions, Stream | 'timestamps'>, isTerminal: boolean) {
    this.#options = options;
    this.#isTerminal = isTerminal;
  }

  *of(records: readonly LogRecord[]): Generator<LogChunk> {
    let stream: Stream = 'stdout';
    let parts: Uint8Array[] = [];
    for (const record of records) {
      if (!this.#options[record.stream]) continue;
      if (record.stream !== stream && parts.length > 0) {
        yield this.#chunk(stream, parts);
        parts = [];
      }
      stream = record.stream;
      if (this.#options.timestamps && this.#isLineStart[stream]) parts.push(Buffer.from(`${record.time} `));
      parts.push(record.content);
      if (!record.partial) parts.push(newline);
      this.#isLineStart[stream] = !record.partial;
    }
    if (parts.length > 0) yield this.#chunk(stream, parts);
  }

  #chunk(stream: Stream, parts: readonly Uint8Array[]): LogChunk {
    return { stream: this.#isTerminal ? 'stdout' : stream, bytes: Buffer.concat(parts) };
  }
}
