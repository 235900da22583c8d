import { marshal } from './marshal.ts';
import { unmarshal } from './unmarshal.ts';
import { isVariant } from './value.ts';
import type { Value } from './value.ts';

/** A D-Bus message (D-Bus Specification, "Message Protocol"), without descriptors. */
export interface Message {
  readonly type: 'call' | 'return' | 'error' | 'signal';
  readonly serial: number;
  readonly path?: string;
  readonly interface?: string;
  readonly member?: string;
  readonly errorName?: string;
  /** The serial that this answers. */
  readonly replySerial?: number;
  readonly destination?: string;
  readonly sender?: string;
  readonly signature?: string;
  readonly body: readonly Value[];
}

const types = ['call', 'return', 'error', 'signal'] as const;

/** Header fields: code, the name here, the type on the wire. */
const headerFields = [
  [1, 'path', 'o'],
  [2, 'interface', 's'],
  [3, 'member', 's'],
  [4, 'errorName', 's'],
  [5, 'replySerial', 'u'],
  [6, 'destination', 's'],
  [7, 'sender', 's'],
  [8, 'signature', 'g'],
] as const;

/** The part whose sizes say how long the rest is: to the end of the header array's length. */
const fixedSize = 16;
/** The limit of the specification. */
const maxMessage = 128 * 1024 * 1024;

export function encodeMessage(message: Message): Uint8Array {
  const body = marshal(message.signature ?? '', message.body);
  const fields = headerFields.flatMap(([code, name, signature]): Value[] => {
    const value = message[name];
    return value === undefined ? [] : [[code, { signature, value }]];
  });
  const type = types.indexOf(message.type) + 1;
  const head = marshal('yyyyuua(yv)', ['l'.charCodeAt(0), type, 0, 1, body.length, message.serial, fields]);
  return Buffer.concat([head, Buffer.alloc(padding(head.length)), body]);
}

/** The first whole message in the bytes and its size; undefined when there is not one yet. Throws RangeError for garbage. */
export function decodeMessage(bytes: Uint8Array): { message: Message; size: number } | undefined {
  if (bytes.length < fixedSize) return undefined;
  const little = bytes[0] === 'l'.charCodeAt(0);
  if (!little && bytes[0] !== 'B'.charCodeAt(0)) throw new RangeError('not a D-Bus message');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headSize = fixedSize + view.getUint32(12, little);
  const bodyAt = headSize + padding(headSize);
  const size = bodyAt + view.getUint32(4, little);
  if (size > maxMessage) throw new RangeError(`a D-Bus message of ${size} bytes`);
  if (bytes.length < size) return undefined;
  const fields = headerOf(bytes.subarray(0, headSize), little);
  const body = unmarshal(fields.signature ?? '', bytes.subarray(bodyAt, size), little);
  const type = types[(bytes[1] ?? 0) - 1];
  if (type === undefined) throw new RangeError(`a D-Bus message of type ${bytes[1]}`);
  return { message: { ...fields, type, serial: view.getUint32(8, little), body }, size };
}

function headerOf(head: Uint8Array, little: boolean): Partial<Message> {
  const fields = unmarshal('yyyyuua(yv)', head, little)[6];
  const found: Record<string, Value> = {};
  for (const field of Array.isArray(fields) ? fields : []) {
    const [code, value] = Array.isArray(field) ? (field as readonly Value[]) : [];
    const name = headerFields.find(([known]) => known === code)?.[1];
    if (name !== undefined && isVariant(value)) found[name] = value.value;
  }
  return found;
}

const padding = (size: number) => (8 - (size % 8)) % 8;
