import type { StatusFormat } from './status.ts';

export interface CommandProtocol {
  readonly status: StatusFormat;
  /** The client may tell the size of its terminal. */
  readonly resizes: boolean;
}

/** Over SPDY, by the names in X-Stream-Protocol-Version. */
export const spdyProtocols: Readonly<Record<string, CommandProtocol>> = {
  'v5.channel.k8s.io': { status: 'json', resizes: true },
  'v4.channel.k8s.io': { status: 'json', resizes: true },
  'v3.channel.k8s.io': { status: 'plain', resizes: true },
  'v2.channel.k8s.io': { status: 'plain', resizes: false },
  'channel.k8s.io': { status: 'plain', resizes: false },
};

export interface WebSocketProtocol extends CommandProtocol {
  /** Messages are text: the channel's digit, then base64. Else binary: the channel's byte, then the bytes. */
  readonly base64: boolean;
  /** The client may end a channel by itself. */
  readonly closeSignal: boolean;
}

const plain: WebSocketProtocol = { status: 'plain', resizes: true, base64: false, closeSignal: false };
const json: WebSocketProtocol = { ...plain, status: 'json' };

/** Over WebSocket, by subprotocol; the empty name is for clients that ask for none. */
export const webSocketProtocols: Readonly<Record<string, WebSocketProtocol>> = {
  '': plain,
  'channel.k8s.io': plain,
  'base64.channel.k8s.io': { ...plain, base64: true },
  'v4.channel.k8s.io': json,
  'v4.base64.channel.k8s.io': { ...json, base64: true },
  'v5.channel.k8s.io': { ...json, closeSignal: true },
};
