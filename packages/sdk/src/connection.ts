import net from 'node:net';
import { BerthError, errnoName } from '@berth/model/error';

/**
 * A connection to the daemon's socket.
 * @throws unavailable (`daemon_not_running`), permission_denied (`socket_forbidden`)
 */
export function openConnection(socketPath: string, signal?: AbortSignal): Promise<net.Socket> {
  signal?.throwIfAborted();
  return new Promise((resolve, reject) => {
    const socket = net.connect(socketPath);
    const abort = () => socket.destroy(signal?.reason as Error);
    signal?.addEventListener('abort', abort, { once: true });
    socket.once('close', () => signal?.removeEventListener('abort', abort));
    const refuse = (error: Error) => reject(signal?.aborted === true ? error : connectError(socketPath, error));
    socket.once('error', refuse);
    socket.once('connect', () => {
      socket.off('error', refuse);
      resolve(socket);
    });
  });
}

function connectError(socketPath: string, cause: Error): BerthError {
  switch (errnoName(cause)) {
    case 'ENOENT':
    case 'ECONNREFUSED':
    case 'ENOTDIR':
      return new BerthError('unavailable', `no daemon answers on ${socketPath}`, {
        code: 'daemon_not_running',
        hint: 'start it: berth daemon start',
        cause,
      });
    case 'EACCES':
    case 'EPERM':
      return new BerthError('permission_denied', `not allowed to use the daemon's socket ${socketPath}`, {
        code: 'socket_forbidden',
        hint: 'run as root, or as a user who may write to the socket',
        cause,
      });
    default:
      return new BerthError('unavailable', `cannot connect to ${socketPath}: ${cause.message}`, { cause });
  }
}
