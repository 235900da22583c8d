import type { Writable } from 'node:stream';
import { roomIn } from '../http/room-in.ts';

/** Writes a frame's parts without joining them; resolves when there is room for more. A connection that is gone takes all. */
export async function writeParts(connection: Writable, parts: readonly Uint8Array[]): Promise<void> {
  if (connection.destroyed || !connection.writable) return;
  connection.cork();
  for (const part of parts) connection.write(part);
  connection.uncork();
  if (connection.writableNeedDrain) await roomIn(connection);
}
