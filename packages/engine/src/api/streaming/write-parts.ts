import type { Writable } from 'node:stream';
import { roomIn } from '../http/room-in.ts';

/** Bytes of answers that may wait for a client that does not read. */
const maxUnread = 1 << 20;

/** Writes a frame's parts without joining them; resolves when there is room for more. A connection that is gone takes all. */
export async function writeParts(connection: Writable, parts: readonly Uint8Array[]): Promise<void> {
  putParts(connection, parts);
  if (connection.writable && connection.writableNeedDrain) await roomIn(connection);
}

/** As `writeParts`, for who has nothing to wait for: what is small and answers what was read, which is held back instead. */
export function putParts(connection: Writable, parts: readonly Uint8Array[]): void {
  if (!connection.writable) return;
  connection.cork();
  for (const part of parts) connection.write(part);
  connection.uncork();
}

/**
 * Undefined while little waits for a client; what resolves when there is room again, else. Who asks and asks, and never
 * reads the answers, is not read from any longer.
 */
export function roomForAnswers(connection: Writable): Promise<void> | undefined {
  return connection.writable && connection.writableLength > maxUnread ? roomIn(connection) : undefined;
}
