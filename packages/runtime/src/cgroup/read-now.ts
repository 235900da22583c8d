import { closeSync, openSync, readSync } from 'node:fs';
import { errnoName } from '@berth/model/error';

/** Larger than any file of a cgroup that is read here; memory.stat has 1.5 KiB. */
const buffer = Buffer.allocUnsafe(64 << 10);

/** The cgroup was removed before or after the open, or the kernel has PSI turned off. */
const absent = new Set(['ENOENT', 'ENOTDIR', 'ENODEV', 'EOPNOTSUPP', 'ENOTSUP']);

/**
 * A file of a cgroup at once: undefined when it is not there. For what is read thousands of times a minute: three
 * system calls and no promise, where `readFile` of node:fs/promises makes four trips to another thread.
 */
export function readNow(path: string): string | undefined {
  let fd: number | undefined;
  try {
    fd = openSync(path, 'r');
    return buffer.toString('latin1', 0, readSync(fd, buffer, 0, buffer.length, 0));
  } catch (error) {
    if (absent.has(errnoName(error) ?? '')) return undefined;
    throw error;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/** A file with one number; undefined when it is missing, empty or `max`. */
export function numberNow(path: string): bigint | undefined {
  const text = readNow(path)?.trimEnd();
  return text === undefined || !/^[0-9]+$/.test(text) ? undefined : BigInt(text);
}

/** The value of a key in a file of `key value` lines; 0 where it has none. */
export function keyedValue(text: string, key: string): bigint {
  const line = text.startsWith(`${key} `) ? 0 : text.indexOf(`\n${key} `) + 1;
  if (line === 0 && !text.startsWith(`${key} `)) return 0n;
  const end = text.indexOf('\n', line);
  return BigInt(text.slice(line + key.length + 1, end < 0 ? undefined : end));
}
