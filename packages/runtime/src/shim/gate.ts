import { once } from 'node:events';
import { closeSync, constants, openSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { basename, dirname } from 'node:path';
import { O_PATH } from '@berth/addon/flag';
import { asError, BerthError, errnoName } from '@berth/model/error';

/** Longer ones do not fit in a unix socket's address. */
const longestAddress = 107;

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
  const chunks: Buffer[] = [];
  try {
    const socket = await reach(path);
    // A reset, unlike an end, says that the process died with the knock unheard.
    for await (const chunk of socket as AsyncIterable<Buffer>) chunks.push(chunk);
  } catch (cause) {
    const reason = errnoName(cause) ?? asError(cause).message;
    throw new BerthError('unavailable', `nobody waits at ${path}: ${reason}`, { code: 'gate_closed', cause });
  }
  const bytes = Buffer.concat(chunks);
  if (bytes.length < 8) return undefined;
  return { errno: bytes.readInt32LE(0), record: bytes.readUInt32LE(4), note: bytes.subarray(8).toString().trim() };
}

/** A path that is too long is reached through its folder's descriptor. */
async function reach(path: string): Promise<Socket> {
  const short = Buffer.byteLength(path) <= longestAddress;
  const folder = short ? undefined : openSync(dirname(path), O_PATH | constants.O_DIRECTORY);
  try {
    const socket = connect(folder === undefined ? path : `/proc/self/fd/${folder}/${basename(path)}`);
    await once(socket, 'connect');
    return socket;
  } finally {
    if (folder !== undefined) closeSync(folder);
  }
}
