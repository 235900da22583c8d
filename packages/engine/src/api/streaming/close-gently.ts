import { finished } from 'node:stream/promises';
import type { Duplex } from 'node:stream';

/** How long a client may take to end its side after ours has ended, ms. */
const patience = 60_000;

/**
 * Ends our side, and the whole connection when the client has ended its own. What comes meanwhile is read and dropped: a
 * socket that is closed with unread input resets the connection, and what the client has not read by then is lost.
 */
export async function closeGently(connection: Duplex): Promise<void> {
  if (connection.destroyed) return;
  const late = setTimeout(() => connection.destroy(), patience);
  connection.end();
  connection.resume();
  try {
    await finished(connection);
  } catch {
    // Broken by the client: nobody is left to tell.
  } finally {
    clearTimeout(late);
    connection.destroy();
  }
}
