import { Duplex } from 'node:stream';
import { WebSocketConnection } from '../websocket/connection.ts';

/** A WebSocket subprotocol: the messages are the bytes of a SPDY/3.1 connection, which needs no handshake of its own. */
export const tunnelProtocol = 'SPDY/3.1+portforward.k8s.io';

/** What a WebSocket's messages carry, as a connection. */
export function openTunnel(connection: Duplex): Duplex {
  const webSocket = new WebSocketConnection(connection);
  const room: { wanted?: PromiseWithResolvers<void> } = {};
  const release = (): void => {
    room.wanted?.resolve();
    delete room.wanted;
  };
  const tunnel = new Duplex({
    read: release,
    write: (bytes: Buffer, _encoding, done) => {
      void webSocket.send('binary', [bytes]).finally(done);
    },
    final: (done) => {
      webSocket.close();
      done();
    },
    destroy: (error, done) => {
      release();
      webSocket.close();
      done(error);
    },
  });
  const served = webSocket.run(({ bytes }) => {
    if (tunnel.destroyed || tunnel.push(bytes)) return undefined;
    room.wanted ??= Promise.withResolvers<void>();
    return room.wanted.promise;
  });
  served.then(
    () => tunnel.destroyed || tunnel.push(null),
    (error: Error) => tunnel.destroy(error),
  );
  return tunnel;
}
