import { once } from 'node:events';
import { chmod, unlink } from 'node:fs/promises';
import type { Server } from 'node:http';
import net from 'node:net';
import { BerthError, errnoName } from '@berth/model/error';

/**
 * Listens on a unix socket that only its owner may use. A socket file that nobody answers on is replaced.
 * @throws failed_precondition (`socket_in_use`)
 */
export async function listenOn(server: Server, socket: string): Promise<void> {
  if (await answers(socket)) {
    throw new BerthError('failed_precondition', `another daemon listens on ${socket}`, {
      code: 'socket_in_use',
      hint: 'stop it (berth daemon stop), or give this one another run folder',
    });
  }
  await unlink(socket).catch((error: unknown) => {
    if (errnoName(error) !== 'ENOENT') throw error;
  });
  const before = process.umask(0o177);
  try {
    server.listen(socket);
    await once(server, 'listening');
  } finally {
    process.umask(before);
  }
  await chmod(socket, 0o600);
}

async function answers(socket: string): Promise<boolean> {
  const probe = net.connect(socket);
  try {
    await once(probe, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    probe.destroy();
  }
}
