import { watch } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { type LogRecord, logTime, parseLogLine } from './cri-line.ts';
import { logFiles, openLog, successor } from './files.ts';
import { type LogPosition, tailPosition } from './tail.ts';

const blockSize = 64 << 10;
const newline = 0x0a;
/** inotify tells of changes; on file systems where it does not work this is the longest delay, in ms. */
const pollInterval = 500;

export interface ReadLogOptions {
  readonly follow: boolean;
  readonly tail?: number;
  readonly since?: bigint;
  readonly until?: bigint;
  /** Resolves when nobody writes the log any more. */
  readonly ended: Promise<unknown>;
  readonly signal: AbortSignal;
}

/**
 * The records of a log and its rotated files, in order, and with `follow` the ones to come. They come by the block
 * that was read: a step of an async generator for each of a million lines takes longer than all the reading.
 */
export async function* readLog(file: string, options: ReadLogOptions): AsyncGenerator<readonly LogRecord[]> {
  const { since = 0n, until } = options;
  for await (const lines of readLines(file, options)) {
    const parsed = lines.map(parseLogLine).filter((record) => record !== undefined);
    const records = since === 0n ? parsed : parsed.filter(({ time }) => logTime(time) >= since);
    const end = until === undefined ? -1 : records.findIndex(({ time }) => logTime(time) > until);
    const wanted = end < 0 ? records : records.slice(0, end);
    if (wanted.length > 0) yield wanted;
    if (end >= 0) return;
  }
}

async function* readLines(file: string, options: ReadLogOptions): AsyncGenerator<readonly Uint8Array[]> {
  using changes = watchChanges(file, options);
  let position = await startPosition(file, options, changes);
  while (position !== undefined) {
    await using handle = await openLog(position.file);
    if (handle === undefined) {
      position = await first(file);
      continue;
    }
    const reader = new LineReader(handle, position.offset);
    const { ino } = await handle.stat({ bigint: true });
    for (;;) {
      const over = changes.over;
      yield* reader.lines();
      const next = await successor(file, ino);
      if (next !== undefined) {
        // Written between our last read and the rotation.
        yield* reader.lines();
        position = { file: next, offset: 0 };
        break;
      }
      if (over) return;
      await changes.next();
    }
  }
}

async function startPosition(
  file: string,
  options: ReadLogOptions,
  changes: Changes,
): Promise<LogPosition | undefined> {
  for (;;) {
    const over = changes.over;
    const position = options.tail === undefined ? await first(file) : await tailPosition(file, options.tail);
    if (position !== undefined || over) return position;
    await changes.next();
  }
}

async function first(file: string): Promise<LogPosition | undefined> {
  const [oldest] = await logFiles(file);
  return oldest === undefined ? undefined : { file: oldest, offset: 0 };
}

/** Gives whole lines as far as the file goes, and goes on from there the next time. */
class LineReader {
  readonly #handle: FileHandle;
  readonly #block = Buffer.alloc(blockSize);
  #offset: number;
  #rest = Buffer.alloc(0);

  constructor(handle: FileHandle, offset: number) {
    this.#handle = handle;
    this.#offset = offset;
  }

  async *lines(): AsyncGenerator<readonly Uint8Array[]> {
    for (;;) {
      const { bytesRead } = await this.#handle.read(this.#block, 0, blockSize, this.#offset);
      if (bytesRead === 0) return;
      this.#offset += bytesRead;
      const data = Buffer.concat([this.#rest, this.#block.subarray(0, bytesRead)]);
      const lines: Uint8Array[] = [];
      let from = 0;
      for (let end = data.indexOf(newline); end >= 0; end = data.indexOf(newline, from)) {
        lines.push(data.subarray(from, end));
        from = end + 1;
      }
      this.#rest = data.subarray(from);
      if (lines.length > 0) yield lines;
    }
  }
}

interface Changes extends Disposable {
  /** Nothing more will be written, or nobody wants it. */
  readonly over: boolean;
  next(): Promise<void>;
}

function watchChanges(file: string, options: ReadLogOptions): Changes {
  if (!options.follow) return { over: true, next: () => Promise.resolve(), [Symbol.dispose]() {} };
  let over = options.signal.aborted;
  let changed = false;
  let wake = () => {};
  const notify = (): void => {
    changed = true;
    wake();
  };
  const finish = (): void => {
    over = true;
    notify();
  };
  void options.ended.then(finish, finish);
  options.signal.addEventListener('abort', finish, { once: true });
  const watcher = watch(path.dirname(file), notify).on('error', () => undefined);
  const timer = setInterval(notify, pollInterval);
  return {
    get over() {
      return over;
    },
    async next() {
      if (!changed) await new Promise<void>((resolve) => (wake = resolve));
      changed = false;
    },
    [Symbol.dispose]() {
      watcher.close();
      clearInterval(timer);
      options.signal.removeEventListener('abort', finish);
    },
  };
}
