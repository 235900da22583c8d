import { createReadStream, statSync } from 'node:fs';
import path from 'node:path';
import { asError, BerthError } from '@berth/model/error';
import type { ArchiveSource } from '@berth/sdk/client';

/** A file by its absolute path, so that its bytes need not pass through two processes; `-` is standard input. */
export function archiveSource(file: string): ArchiveSource {
  if (file === '-') return { body: process.stdin as AsyncIterable<Uint8Array> };
  try {
    const stat = statSync(file);
    // A pipe or a device (`<(...)`) is this process's own, the daemon cannot open it.
    if (stat.isFile() || stat.isDirectory()) return { path: path.resolve(file) };
    return { body: createReadStream(file, { highWaterMark: 1 << 20 }) as AsyncIterable<Uint8Array> };
  } catch (cause) {
    throw new BerthError('not_found', `cannot open ${file}: ${asError(cause).message}`, { cause });
  }
}
