import type { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { spdyProtocols, webSocketProtocols } from './command/protocol.ts';
import { serveSpdyCommand } from './command/spdy-channels.ts';
import { serveWebSocketCommand } from './command/websocket-channels.ts';
import type { CommandSession, PortForwardSession } from './contract.ts';
import { forwardProtocol, serveSpdyForward } from './forward/spdy-forward.ts';
import { openTunnel, tunnelProtocol } from './forward/tunnel.ts';
import { maxPorts, serveWebSocketForward, webSocketForwardProtocols } from './forward/websocket-forward.ts';
import { choose, offeredProtocols } from './negotiate.ts';
import { refuse, switchProtocols } from './respond.ts';
import { handshakeFault, handshakeHeaders, isWebSocketRequest } from './websocket/handshake.ts';

/** What a token stands for. */
export type StreamingUrl =
  | { readonly kind: 'exec' | 'attach'; readonly session: CommandSession }
  | { readonly kind: 'portforward'; readonly session: PortForwardSession };

/** A client that has asked for another protocol. */
export interface Streaming {
  readonly request: IncomingMessage;
  readonly connection: Duplex;
  /** Milliseconds. */
  readonly idleTimeout: number;
  readonly creationTimeout: number;
}

/** Serves the client with what it came for, by the protocol it has chosen, to its end; or tells it why not. */
export async function serveUpgrade(streaming: Streaming, url: StreamingUrl): Promise<void> {
  const { request, connection, idleTimeout } = streaming;
  if (connection instanceof Socket) {
    connection.setNoDelay(true);
    connection.setKeepAlive(true, 30_000);
    connection.setTimeout(idleTimeout, () => connection.destroy());
  }
  if (isWebSocketRequest(request)) await serveWebSocket(streaming, url);
  else if (request.headers.upgrade?.toLowerCase() === 'spdy/3.1') await serveSpdy(streaming, url);
  else refuse(connection, 400, { text: `an upgrade to ${request.headers.upgrade} is not served here` });
}

const versionHeader = 'X-Stream-Protocol-Version';

async function serveSpdy({ request, connection, creationTimeout }: Streaming, url: StreamingUrl): Promise<void> {
  const offered = offeredProtocols(request, versionHeader.toLowerCase());
  if (offered.length === 0) {
    refuse(connection, 400, { text: `${versionHeader} is needed` });
    return;
  }
  const known = url.kind === 'portforward' ? { [forwardProtocol]: undefined } : spdyProtocols;
  const chosen = choose(offered, known);
  if (chosen === undefined) {
    const headers = { 'X-Accepted-Stream-Protocol-Versions': Object.keys(known) };
    refuse(connection, 403, { text: `none of these is spoken here: ${offered.join(', ')}`, headers });
    return;
  }
  const [name, protocol] = chosen;
  switchProtocols(connection, { Connection: 'Upgrade', Upgrade: 'SPDY/3.1', [versionHeader]: name });
  if (url.kind === 'portforward') await serveSpdyForward(connection, url.session, { creationTimeout });
  else if (protocol !== undefined) await serveSpdyCommand(connection, url.session, { protocol, creationTimeout });
}

async function serveWebSocket({ request, connection, creationTimeout }: Streaming, url: StreamingUrl): Promise<void> {
  const fault = handshakeFault(request);
  if (fault !== undefined) {
    refuse(connection, 400, { text: fault, headers: { 'Sec-WebSocket-Version': '13' } });
    return;
  }
  const offered = offeredProtocols(request, 'sec-websocket-protocol');
  const accept = (protocol: string): void => switchProtocols(connection, handshakeHeaders(request, protocol));
  const unknown = `none of these is spoken here: ${offered.join(', ')}`;
  if (url.kind !== 'portforward') {
    const chosen = chooseOrNone(offered, webSocketProtocols);
    if (chosen === undefined) return refuse(connection, 403, { text: unknown });
    accept(chosen[0]);
    return await serveWebSocketCommand(connection, url.session, chosen[1]);
  }
  if (offered.includes(tunnelProtocol)) {
    accept(tunnelProtocol);
    return await serveSpdyForward(openTunnel(connection), url.session, { creationTimeout });
  }
  const chosen = chooseOrNone(offered, webSocketForwardProtocols);
  if (chosen === undefined) return refuse(connection, 403, { text: unknown });
  const { length } = url.session.ports;
  if (length === 0 || length > maxPorts) {
    return refuse(connection, 400, { text: `between 1 and ${maxPorts} ports can be forwarded, not ${length}` });
  }
  accept(chosen[0]);
  await serveWebSocketForward(connection, url.session, chosen[1]);
}

/** Clients that ask for no subprotocol are given the one without a name. */
function chooseOrNone<T>(offered: readonly string[], known: Readonly<Record<string, T>>): [string, T] | undefined {
  return offered.length === 0 ? ['', known[''] as T] : choose(offered, known);
}
