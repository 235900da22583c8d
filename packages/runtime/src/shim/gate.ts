import { closeSync, constants, openSync, read } from 'node:fs';
import { basename, dirname } from 'node:path';
import { SYS, syscall } from '@berth/addon/call';
import { O_PATH } from '@berth/addon/flag';
import { outcome } from '@berth/addon/outcome';
import { asError, BerthError, errnoName } from '@berth/model/error';

/** Longer ones do not fit in a unix socket's address. */
const longestAddress = 107;

const AF_UNIX = 1;
const SOCK_STREAM = 1;
const SOCK_CLOEXEC = 0o2000000;

/** What kept a process behind the gate from its program. */
export interface GateFailure {
  /** Index into the plan's records. */
  readonly record: number;
  /** As in `StartFailure`. */
  readonly errno: number;
  /** What a failed hook said. */
  readonly note: string;
}

/**
 * Lets the process that waits at a gate (docs/plan.md, `gate`) go on. Resolves when its program runs, or with what kept
 * it from that. @throws unavailable (`gate_closed`) when nobody waits there: it was let go before, or is dead
 */
export async function openGate(path: string): Promise<GateFailure | undefined> {
  let bytes: Buffer;
  try {
    // A reset, unlike an end, says that the process died with the knock unheard.
    bytes = await hear(path);
  } catch (cause) {
    const reason = errnoName(cause) ?? asError(cause).message;
    throw new BerthError('unavailable', `nobody waits at ${path}: ${reason}`, { code: 'gate_closed', cause });
  }
  if (bytes.length < 8) return undefined;
  return { errno: bytes.readInt32LE(0), record: bytes.readUInt32LE(4), note: bytes.subarray(8).toString().trim() };
}

/** All that is said at the gate. By plain calls: `node:net` costs a command eight milliseconds to load. */
async function hear(path: string): Promise<Buffer> {
  const fd = outcome(syscall(SYS.socket, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), 'socket');
  try {
    reach(fd, path);
    const chunks: Buffer[] = [];
    for (let chunk = await readSome(fd); chunk.length > 0; chunk = await readSome(fd)) chunks.push(chunk);
    return Buffer.concat(chunks);
  } finally {
    closeSync(fd);
  }
}

/** Waits in a thread of the pool. */
function readSome(fd: number): Promise<Buffer> {
  const chunk = Buffer.alloc(4096);
  return new Promise((resolve, reject) => {
    read(fd, chunk, 0, chunk.length, null, (error, size) => (error ? reject(error) : resolve(chunk.subarray(0, size))));
  });
}

/** A path that is too long is reached through its folder's descriptor. */
function reach(socket: number, path: string): void {
  const short = Buffer.byteLength(path) <= longestAddress;
  const folder = short ? undefined : openSync(dirname(path), O_PATH | constants.O_DIRECTORY);
  try {
    const name = folder === undefined ? path : `/proc/self/fd/${folder}/${basename(path)}`;
    // x86-64 and arm64 are both little endian.
    const address = Buffer.from(`\0\0${name}\0`);
    address.writeUInt16LE(AF_UNIX, 0);
    outcome(syscall(SYS.connect, socket, address, address.length), 'connect', path);
  } finally {
    if (folder !== undefined) closeSync(folder);
  }
}
