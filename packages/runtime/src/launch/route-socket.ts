import { close } from '@berth/addon/file';
import { netlinkSocketIn } from '@berth/addon/namespace';
import { netlinkReceive, netlinkSend, netlinkSocket } from '@berth/addon/netlink';
import { getSystemErrorMap, getSystemErrorName } from 'node:util';

/** rtnetlink(7): kinds of messages, flags and attributes, the few that devices of containers take. */
export const RTM = {
  NEWLINK: 16,
  DELLINK: 17,
  GETLINK: 18,
  SETLINK: 19,
  NEWADDR: 20,
  GETADDR: 22,
  NEWROUTE: 24,
  GETROUTE: 26,
} as const;
export const NLM_F = { REQUEST: 1, ACK: 4, DUMP: 0x300, EXCL: 0x200, CREATE: 0x400 } as const;
export const IFLA = {
  ADDRESS: 1,
  IFNAME: 3,
  MTU: 4,
  MASTER: 10,
  PROTINFO: 12,
  LINKINFO: 18,
  NET_NS_FD: 28,
} as const;
export const IFA = { ADDRESS: 1, LOCAL: 2, LABEL: 3, BROADCAST: 4, FLAGS: 8 } as const;

const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
const headerSize = 16;

export interface RouteMessage {
  readonly type: number;
  /** Behind struct nlmsghdr. */
  readonly body: Buffer;
}

export type RouteAttribute = readonly [kind: number, value: Uint8Array];

/** What a request says: the fixed struct of its kind, then attributes. */
export interface RouteRequest {
  readonly type: number;
  readonly flags: number;
  readonly fixed: Uint8Array;
  readonly attributes?: readonly RouteAttribute[];
}

/** A conversation with the kernel about the links and addresses of one network namespace. */
export class RouteSocket implements Disposable {
  readonly #fd: number;
  #sequence = 0;

  private constructor(fd: number) {
    this.#fd = fd;
  }

  /** Of the namespace at `path`, or our own. */
  static open(path?: string): RouteSocket {
    return new RouteSocket(path === undefined ? netlinkSocket() : netlinkSocketIn(path));
  }

  /** The messages of the answer; none for a change that was made. @throws the kernel's errno, with what was asked */
  ask(request: RouteRequest, what: string): RouteMessage[] {
    this.#sequence += 1;
    const isDump = (request.flags & NLM_F.DUMP) === NLM_F.DUMP;
    const flags = NLM_F.REQUEST | request.flags | (isDump ? 0 : NLM_F.ACK);
    netlinkSend(this.#fd, encode({ ...request, flags }, this.#sequence));
    const answer: RouteMessage[] = [];
    for (;;) {
      for (const message of split(netlinkReceive(this.#fd))) {
        if (message.type === NLMSG_DONE) return answer;
        if (message.type !== NLMSG_ERROR) answer.push(message);
        else {
          const errno = message.body.readInt32LE(0);
          if (errno === 0) return answer;
          throw refusalOf(errno, what);
        }
      }
    }
  }

  [Symbol.dispose](): void {
    close(this.#fd);
  }
}

/** A whole message, with its header. */
export function encode({ type, flags, fixed, attributes = [] }: RouteRequest, sequence: number): Buffer {
  const header = Buffer.alloc(headerSize);
  const message = Buffer.concat([header, fixed, encodeAttributes(attributes)]);
  message.writeUInt32LE(message.length, 0);
  message.writeUInt16LE(type, 4);
  message.writeUInt16LE(flags, 6);
  message.writeUInt32LE(sequence, 8);
  return message;
}

/** Attributes as they follow a fixed struct; those within another attribute are its value. */
export function encodeAttributes(attributes: readonly RouteAttribute[]): Buffer {
  const parts = attributes.map(([kind, value]) => {
    const part = Buffer.alloc(aligned(4 + value.length));
    part.writeUInt16LE(4 + value.length, 0);
    part.writeUInt16LE(kind, 2);
    part.set(value, 4);
    return part;
  });
  return Buffer.concat(parts);
}

/** The messages of one datagram. */
export function split(datagram: Buffer): RouteMessage[] {
  const messages: RouteMessage[] = [];
  for (let at = 0; at + headerSize <= datagram.length;) {
    const size = datagram.readUInt32LE(at);
    if (size < headerSize || at + size > datagram.length) break;
    messages.push({ type: datagram.readUInt16LE(at + 4), body: datagram.subarray(at + headerSize, at + size) });
    at += aligned(size);
  }
  return messages;
}

/** True of an answer with an errno, 0 for a change that was made. */
export function isRefusal({ type }: RouteMessage): boolean {
  return type === NLMSG_ERROR;
}

/** The attributes behind a message's fixed struct of `skip` bytes. */
export function attributesOf({ body }: RouteMessage, skip: number): Map<number, Buffer> {
  const found = new Map<number, Buffer>();
  for (let at = skip; at + 4 <= body.length;) {
    const size = body.readUInt16LE(at);
    if (size < 4 || at + size > body.length) break;
    found.set(body.readUInt16LE(at + 2) & 0x3fff, body.subarray(at + 4, at + size));
    at += aligned(size);
  }
  return found;
}

function aligned(size: number): number {
  return (size + 3) & ~3;
}

/** The error of an answer with an errno, negative as the kernel has it. */
export function refusalOf(errno: number, what: string): Error {
  const code = getSystemErrorName(errno);
  const text = getSystemErrorMap().get(errno)?.[1] ?? code;
  return Object.assign(new Error(`${what}: ${text}`), { code, errno, syscall: 'netlink' });
}
