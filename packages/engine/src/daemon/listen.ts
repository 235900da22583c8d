import { once } from 'node:events';
import { chmod, mkdir, unlink } from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import type { Log } from '@berth/model/context';
import { BerthError, errnoName } from '@berth/model/error';
import { formatAddress, isLoopback, type ListenAddress } from '@berth/model/listen-address';

/**
 * Listens on a unix socket that only its owner may use. A socket file that nobody answers on is replaced.
 * @throws failed_precondition (`socket_in_use`)
 */
export async function listenOn(server: net.Server, socket: string, log: Log): Promise<void> {
  if (await answers(socket)) {
    throw new BerthError('failed_precondition', `another daemon listens on ${socket}`, {
      code: 'socket_in_use',
      hint: 'stop it (berth daemon stop), or give this one another run folder',
    });
  }
  await unlink(socket).catch((error: unknown) => {
    if (errnoName(error) !== 'ENOENT') throw error;
  });
  await mkdir(path.dirname(socket), { recursive: true });
  const before = process.umask(0o177);
  try {
    server.listen(socket);
    await once(server, 'listening');
  } finally {
    process.umask(before);
  }
  tellErrors(server, log);
  await chmod(socket, 0o600);
}

/**
 * Listens for TCP, for whoever reaches the address.
 * @throws unavailable (`cannot_listen`)
 */
export async function listenOnNetwork(server: net.Server, address: ListenAddress, log: Log): Promise<void> {
  try {
    server.listen(address);
    await once(server, 'listening');
  } catch (cause) {
    throw new BerthError('unavailable', `cannot listen on ${formatAddress(address)}: ${errnoName(cause)}`, {
      code: 'cannot_listen',
      hint: 'choose another address in [serve] of the configuration',
      cause,
    });
  }
  tellErrors(server, log);
  const { address: host, port } = server.address() as net.AddressInfo;
  const at = formatAddress({ host, port });
  log.info('the store is a registry on the network', { address: at });
  if (!isLoopback(address))
    log.warn('whoever reaches this address can read every image of its namespace', { address: at });
}

/** A connection that could not be taken, for want of descriptors say, is no reason to end. */
function tellErrors(server: net.Server, log: Log): void {
  server.on('error', (error) => log.error('a connection was not taken', { error: error.message }));
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
