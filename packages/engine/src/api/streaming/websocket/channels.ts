import type { WebSocketConnection } from './connection.ts';
import type { MessagePiece } from './frame-parser.ts';

/**
 * Kubernetes' channels over WebSocket: the first byte of each message is the channel's number, the rest belongs to it.
 * In base64 protocols messages are text, the number a digit, and the rest base64.
 */
export interface Channels {
  /** Undefined while it is not known whose the bytes are. The bytes may be none. */
  read(piece: MessagePiece): ChannelPiece | undefined;
  /** Resolves when there is room for more. */
  send(channel: number, bytes: Uint8Array): Promise<void>;
}

export interface ChannelPiece {
  readonly channel: number;
  readonly bytes: Uint8Array;
  readonly isLast: boolean;
}

export function openChannels(webSocket: WebSocketConnection, { base64 }: { readonly base64: boolean }): Channels {
  let channel: number | undefined;
  const decoder = new Base64Decoder();
  const zero = base64 ? 0x30 : 0;
  return {
    read({ bytes, isFirst, isLast }) {
      if (isFirst) {
        channel = undefined;
        decoder.restart();
      }
      const isHead = channel === undefined && bytes.length > 0;
      if (isHead) channel = (bytes[0] as number) - zero;
      if (channel === undefined) return undefined;
      const rest = isHead ? bytes.subarray(1) : bytes;
      return { channel, bytes: base64 ? decoder.decode(rest) : rest, isLast };
    },
    async send(number, bytes) {
      if (!base64) await webSocket.send('binary', [Uint8Array.of(number), bytes]);
      // Beyond nine it is the characters behind '9', as in the reference server.
      else await webSocket.send('text', [Buffer.from(String.fromCharCode(zero + number) + toBase64(bytes))]);
    },
  };
}

/** Base64 that comes in pieces, which are cut anywhere. */
class Base64Decoder {
  /** What is no whole group yet. */
  #carry = '';

  restart(): void {
    this.#carry = '';
  }

  decode(bytes: Buffer): Uint8Array {
    const text = this.#carry + bytes.toString('latin1');
    const whole = text.length - (text.length % 4);
    this.#carry = text.slice(whole);
    return Buffer.from(text.slice(0, whole), 'base64');
  }
}

function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}
