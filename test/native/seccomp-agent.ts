/** A seccomp agent, seccomp_unotify(2): gets the listener over its socket, and answers what the filter asks. */
import { SYS, address, syscall } from '../../packages/addon/src/call.ts';
import { close } from '../../packages/addon/src/file.ts';
import { outcome } from '../../packages/addon/src/outcome.ts';

const AF_UNIX = 1;
const SOCK_STREAM = 1;
const SOCK_CLOEXEC = 0o2000000;
const MSG_CMSG_CLOEXEC = 0x40000000;
const NOTIF_RECV = 0xc0502100n;
const NOTIF_SEND = 0xc0182101n;

/** Listens at once, and waits (the thread too) only in the functions. */
export function listenAsAgent(path: string): Agent {
  const socket = outcome(syscall(SYS.socket, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), 'socket');
  const name = Buffer.alloc(110);
  name.writeUInt16LE(AF_UNIX);
  name.write(path, 2);
  outcome(syscall(SYS.bind, socket, name, name.length), 'bind', path);
  outcome(syscall(SYS.listen, socket, 4), 'listen');
  return new Agent(socket);
}

/** What the agent is told of a call, struct seccomp_notif. */
export interface Question {
  readonly id: bigint;
  readonly pid: number;
  readonly call: number;
}

export class Agent implements Disposable {
  readonly #socket: number;
  #listener = -1;

  constructor(socket: number) {
    this.#socket = socket;
  }

  /** Takes the listener. All text up to the end of the connection: the container process state. */
  receive(): string {
    const connection = outcome(syscall(SYS.accept4, this.#socket, 0, 0, SOCK_CLOEXEC), 'accept4');
    const bytes = Buffer.alloc(65_536);
    const control = Buffer.alloc(64);
    const part = new BigUint64Array([address(bytes), BigInt(bytes.length)]);
    const parts = address(new Uint8Array(part.buffer));
    // struct msghdr: no name, one part, the control bytes.
    const header = new BigUint64Array([0n, 0n, parts, 1n, address(control), BigInt(control.length), 0n]);
    const message = new Uint8Array(header.buffer);
    const size = outcome(syscall(SYS.recvmsg, connection, message, MSG_CMSG_CLOEXEC), 'recvmsg');
    const hasDescriptor = control.readUInt32LE(0) === 20 && control.readUInt32LE(12) === 1;
    if (hasDescriptor) this.#listener = control.readInt32LE(16);
    const more = outcome(syscall(SYS.recvfrom, connection, control, control.length, 0, 0, 0), 'recvfrom');
    close(connection);
    if (!hasDescriptor || more !== 0) throw new Error(`no descriptor, or ${more} bytes too many`);
    return bytes.toString('utf8', 0, size);
  }

  /** The next call that the filter asks about. */
  next(): Question {
    const notice = Buffer.alloc(80);
    outcome(syscall(SYS.ioctl, this.#listener, NOTIF_RECV, notice), 'ioctl');
    return { id: notice.readBigUInt64LE(0), pid: notice.readUInt32LE(8), call: notice.readInt32LE(16) };
  }

  /** Fails the call with `errno`, or lets the kernel carry it out. */
  answer({ id }: Question, errno: number | 'continue'): void {
    const response = Buffer.alloc(24);
    response.writeBigUInt64LE(id, 0);
    response.writeInt32LE(errno === 'continue' ? 0 : -errno, 16);
    response.writeUInt32LE(errno === 'continue' ? 1 : 0, 20);
    outcome(syscall(SYS.ioctl, this.#listener, NOTIF_SEND, response), 'ioctl');
  }

  [Symbol.dispose](): void {
    close(this.#socket);
    if (this.#listener >= 0) close(this.#listener);
  }
}
