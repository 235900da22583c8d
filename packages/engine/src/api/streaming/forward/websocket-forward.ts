import type { Duplex } from 'node:stream';
import { asError } from '@berth/model/error';
import { ByteQueue } from '../byte-queue.ts';
import type { PortForwardSession } from '../contract.ts';
import { type Channels, openChannels } from '../websocket/channels.ts';
import { WebSocketConnection } from '../websocket/connection.ts';
import { carry } from './carry.ts';

/** By subprotocol, how its channels are written. */
export const webSocketForwardProtocols: Readonly<Record<string, { readonly base64: boolean }>> = {
  '': { base64: false },
  'v4.channel.k8s.io': { base64: false },
  'v4.base64.channel.k8s.io': { base64: true },
};

/** A channel's number is one byte, and each port has two. */
export const maxPorts = 127;

/**
 * Serves one client with a connection to each port that was asked for: channel 2n carries its bytes, 2n+1 what went wrong.
 * Channels have no end of their own; the connection ends with the last of them.
 */
export async function serveWebSocketForward(
  connection: Duplex,
  session: PortForwardSession,
  protocol: { readonly base64: boolean },
): Promise<void> {
  const webSocket = new WebSocketConnection(connection);
  const channels = openChannels(webSocket, protocol);
  const inputs = session.ports.map(() => new ByteQueue());
  const served = webSocket
    .run((piece) => {
      const read = channels.read(piece);
      // Odd ones are ours to write, and have no place in the list.
      return read === undefined ? undefined : inputs[read.channel / 2]?.push(read.bytes);
    })
    .finally(() => inputs.forEach((input) => input.end()));
  // It is waited for below, when all lines have ended.
  served.catch(() => undefined);
  webSocket.gone.addEventListener('abort', () => inputs.forEach((input) => input.unbound()));
  const lines = session.ports.map((port, index) => ({ port, index, input: inputs[index] as ByteQueue }));
  await Promise.all(lines.map((line) => forward(session, line, { channels, gone: webSocket.gone })));
  webSocket.close();
  await served;
}

interface Line {
  readonly port: number;
  readonly index: number;
  readonly input: ByteQueue;
}

async function forward(
  session: PortForwardSession,
  { port, index, input }: Line,
  { channels, gone }: { readonly channels: Channels; readonly gone: AbortSignal },
): Promise<void> {
  const [data, error] = [2 * index, 2 * index + 1];
  for (const channel of [data, error]) await channels.send(channel, Uint8Array.of(port & 0xff, port >>> 8));
  try {
    const connection = await session.connect(port);
    await carry(connection, { input, write: (bytes) => channels.send(data, bytes), end: () => undefined, gone });
  } catch (cause) {
    await channels.send(error, Buffer.from(`cannot forward to port ${port}: ${asError(cause).message}`));
  }
  input.drop();
}
