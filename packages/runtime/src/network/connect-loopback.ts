import { once } from 'node:events';
import { Socket, type SocketConstructorOpts } from 'node:net';
import { inNetworkNamespace } from '@berth/addon/namespace';
import { tcpSocket } from '@berth/addon/socket';

/** How long an address may say nothing, ms: one whose queue is full drops what comes. */
const patience = 10_000;

/**
 * A TCP connection to a port of the loopback interface of the network namespace at `netns`, or of our own when that is
 * empty. Servers listen on one family or on both: 127.0.0.1 is tried first, then ::1.
 * @throws AggregateError with the error of each address, in that order; SystemError when there is no such namespace
 */
export async function connectLoopback(netns: string, port: number): Promise<Socket> {
  const errors: unknown[] = [];
  for (const [family, host] of [[4, '127.0.0.1'] as const, [6, '::1'] as const]) {
    const socket = openSocket(netns, family);
    try {
      await connect(socket, { host, port });
      return socket;
    } catch (error) {
      socket.destroy();
      errors.push(error);
    }
  }
  throw new AggregateError(errors, `nothing answers on port ${port}`);
}

function openSocket(netns: string, family: 4 | 6): Socket {
  const fd = netns === '' ? tcpSocket(family) : inNetworkNamespace(netns, () => tcpSocket(family));
  // Without `manualStart` it would read at once, from what is not connected yet.
  const options: SocketConstructorOpts & { readonly manualStart: boolean } = {
    fd,
    allowHalfOpen: true,
    manualStart: true,
  };
  return new Socket(options);
}

async function connect(socket: Socket, to: { readonly host: string; readonly port: number }): Promise<void> {
  socket.setTimeout(patience, () => socket.destroy(new Error(`${to.host} port ${to.port} does not answer`)));
  const connected = once(socket, 'connect');
  socket.connect(to);
  await connected;
  socket.setTimeout(0);
  socket.setNoDelay(true);
}
