import { type FileHandle, open } from 'node:fs/promises';
import { advance, finish, type SharedProgress, sharedProgress } from '@berth/image/layer/shared-progress';
import type { SourceBlob } from '@berth/image/medium/medium';
import { BerthError } from '@berth/model/error';
import type { Descriptor } from '@berth/model/manifest';
import type { Ingest } from '#store/content';

export interface DownloadOptions {
  readonly signal: AbortSignal;
  /** Bytes that are in the file, with those of earlier tries; called for every piece. */
  readonly onProgress: (bytes: number) => void;
}

/** The way of a blob's bytes into its ingest's file, which another thread may follow. */
export interface Download {
  readonly growth: SharedProgress;
  /** Takes up where an earlier one ended. @throws what the source throws, data_loss (`size_mismatch`) */
  run(options: DownloadOptions): Promise<void>;
}

/** Written at once: pieces of a connection are small, and every write is a round trip to another thread. */
const batchSize = 1 << 20;

/** Nothing is read before `run`. The bytes are not verified: whoever follows the file does. */
export async function prepareDownload(
  ingest: Ingest,
  { digest, size }: Descriptor,
  blob: SourceBlob,
): Promise<Download> {
  // Longer than the blob: not its bytes.
  const start = ingest.offset > size ? 0 : ingest.offset;
  if (start !== ingest.offset) await ingest.truncate(0);
  const growth = sharedProgress(start);
  const run = async ({ signal, onProgress }: DownloadOptions): Promise<void> => {
    await using file = await open(ingest.path, 'r+');
    const writer = new BatchWriter(file, start, (bytes) => {
      advance(growth, bytes);
      onProgress(bytes);
    });
    onProgress(start);
    let received = start;
    try {
      if (start < size) {
        for await (const piece of blob.read(signal, start)) {
          signal.throwIfAborted();
          received += piece.length;
          if (received > size) throw wrongSize(digest, size, `more than ${size}`);
          await writer.write(piece);
        }
      }
    } finally {
      // What has come is of use to the next try, also when no more will.
      await writer.end();
    }
    if (received < size) throw wrongSize(digest, size, String(received));
  };
  return {
    growth,
    async run(options) {
      try {
        await run(options);
        finish(growth, true);
      } catch (error) {
        finish(growth, false);
        throw error;
      }
    },
  };
}

/** Gathers pieces; while one batch is being written, the next one is received. */
class BatchWriter {
  readonly #file: FileHandle;
  readonly #written: (position: number) => void;
  #position: number;
  #pieces: Uint8Array[] = [];
  #gathered = 0;
  #writing: Promise<void> = Promise.resolve();

  constructor(file: FileHandle, position: number, written: (position: number) => void) {
    this.#file = file;
    this.#position = position;
    this.#written = written;
  }

  async write(piece: Uint8Array): Promise<void> {
    this.#pieces.push(piece);
    this.#gathered += piece.length;
    if (this.#gathered >= batchSize) await this.#flush();
  }

  async end(): Promise<void> {
    await this.#flush();
    await this.#writing;
  }

  async #flush(): Promise<void> {
    await this.#writing;
    const pieces = this.#pieces;
    this.#pieces = [];
    this.#gathered = 0;
    this.#writing = this.#put(pieces);
    // It is awaited by the next call; until then nobody else has to hear of it.
    this.#writing.catch(() => undefined);
  }

  async #put(pieces: readonly Uint8Array[]): Promise<void> {
    for (let rest = pieces; rest.length > 0;) {
      const { bytesWritten } = await this.#file.writev(rest, this.#position);
      this.#position += bytesWritten;
      const all = rest.reduce((sum, { length }) => sum + length, 0);
      rest = bytesWritten === all ? [] : [Buffer.concat(rest).subarray(bytesWritten)];
    }
    this.#written(this.#position);
  }
}

function wrongSize(digest: string, size: number, received: string): BerthError {
  return new BerthError('data_loss', `${digest} came with ${received} bytes instead of ${size}`, {
    code: 'size_mismatch',
    hint: 'the registry gives other bytes than its manifest says: pull again, or tell its owner',
  });
}
