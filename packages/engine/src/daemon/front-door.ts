import type { Server as HttpServer } from 'node:http';
import type { Http2Server } from 'node:http2';
import net from 'node:net';

/** Servers that share a socket. They listen nowhere themselves. */
export interface FrontDoorServers {
  /** HTTP/1.1: Berth's own API and the others that speak it. */
  readonly http: HttpServer;
  /** HTTP/2 without TLS: gRPC. */
  readonly rpc: Http2Server;
}

/** How every connection of HTTP/2 begins (RFC 9113, section 3.4); no method of HTTP/1.1 that is in use begins so. */
const preface = Buffer.from('PRI * ');

/** One server for both: the first bytes of a connection tell what its client speaks. */
export function createFrontDoor({ http, rpc }: FrontDoorServers): net.Server {
  return net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    let begun = Buffer.alloc(0);
    const drop = (): void => void socket.destroy();
    const look = (): void => {
      const bytes = socket.read() as Buffer | null;
      if (bytes === null) return;
      begun = Buffer.concat([begun, bytes]);
      const isPreface = beginsLike(begun);
      if (isPreface === undefined) return;
      socket.unshift(begun);
      socket.off('readable', look).off('error', drop).off('end', drop);
      // HTTP/1.1 ends its side itself. A session of HTTP/2 leaves that to the socket, and would keep it for ever.
      socket.allowHalfOpen = !isPreface;
      (isPreface ? rpc : http).emit('connection', socket);
    };
    socket.on('readable', look).once('error', drop).once('end', drop);
  });
}

/** Undefined while there are too few bytes to tell. */
function beginsLike(bytes: Buffer): boolean | undefined {
  const length = Math.min(bytes.length, preface.length);
  if (bytes.compare(preface, 0, length, 0, length) !== 0) return false;
  return length === preface.length ? true : undefined;
}
