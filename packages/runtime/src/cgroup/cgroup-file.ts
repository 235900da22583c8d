import { closeSync, constants, openSync, readdirSync, readFileSync, write } from 'node:fs';
import { asError, BerthError, errnoName } from '@berth/model/error';

/**
 * A file's text without its last newline; undefined when the file or the cgroup is gone. The kernel makes these files
 * from memory: a synchronous read takes 15 us, one through the thread pool ten times that.
 */
export async function readText(path: string): Promise<string | undefined> {
  try {
    return readFileSync(path, 'utf8').trimEnd();
  } catch (error) {
    // ENODEV: the cgroup was removed between open and read.
    if (['ENOENT', 'ENODEV'].includes(errnoName(error) ?? '')) return undefined;
    throw error;
  }
}

/** A file with one number; `max` and a missing file are undefined. */
export async function readNumber(path: string): Promise<number | undefined> {
  const text = await readText(path);
  if (text === undefined || text === 'max' || text === '') return undefined;
  return Number(text);
}

/** A flat keyed file (`key value` lines), kernel cgroup-v2.rst "Format". Empty when missing. */
export async function readKeyed(path: string): Promise<Record<string, number>> {
  const lines = (await readText(path))?.split('\n') ?? [];
  const pairs = lines.map((line) => line.split(/\s+/, 2));
  return Object.fromEntries(pairs.flatMap(([key, value]) => (key ? [[key, Number(value)]] : [])));
}

/** One write without creating: a cgroup file that is not there must not become a plain one. */
export async function writeValue(path: string, data: string): Promise<void> {
  try {
    const fd = openSync(path, constants.O_WRONLY);
    try {
      await writeWhole(fd, data);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    throw refused(path, data, error);
  }
}

/** Not synchronous: a lower limit lets the kernel reclaim memory meanwhile. `node:fs/promises` costs a command 7 ms to load. */
function writeWhole(fd: number, data: string): Promise<void> {
  return new Promise((resolve, reject) => write(fd, data, (error) => (error ? reject(error) : resolve())));
}

/** This cgroup and all below it, deepest first; nothing when it does not exist. */
export async function cgroupTree(folder: string): Promise<string[]> {
  try {
    const entries = readdirSync(folder, { withFileTypes: true });
    const below: string[] = [];
    for (const entry of entries) {
      if (entry.isDirectory()) below.push(...(await cgroupTree(`${folder}/${entry.name}`)));
    }
    return [...below, folder];
  } catch (error) {
    if (errnoName(error) === 'ENOENT') return [];
    throw error;
  }
}

/** In these files no device is meant by ENODEV: the cgroup was removed after they were opened, by systemd when it is empty. */
const ofCgroup = /\/(cgroup|freezer)\.[a-z.]+$/;

function refused(path: string, data: string, cause: unknown): BerthError {
  const errno = errnoName(cause);
  const isGone = errno === 'ENOENT' || (errno === 'ENODEV' && ofCgroup.test(path));
  const kind = isGone ? 'not_found' : errno === 'EBUSY' ? 'failed_precondition' : 'invalid_argument';
  return new BerthError(kind, `write ${JSON.stringify(data)} to ${path}: ${errno ?? asError(cause).message}`, {
    code: 'cgroup_write',
    cause,
  });
}
