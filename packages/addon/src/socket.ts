import { SYS, syscall } from './call.ts';
import { outcome } from './outcome.ts';

/** Who is at the other end of a unix socket, as the kernel saw it at connect time. */
export interface PeerCredentials {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_STREAM_NONBLOCK_CLOEXEC = 1 | 0o4000 | 0o2000000;

const SOL_SOCKET = 1;
const SO_PEERCRED = 17;

/** unix(7), `SO_PEERCRED`. */
export function getPeerCredentials(fd: number): PeerCredentials {
  const words = new Uint32Array(3);
  const size = new Uint8Array([words.byteLength, 0, 0, 0]);
  outcome(syscall(SYS.getsockopt, fd, SOL_SOCKET, SO_PEERCRED, new Uint8Array(words.buffer), size), 'getsockopt');
  return { pid: words[0]!, uid: words[1]!, gid: words[2]! };
}

/**
 * A TCP socket of the thread's network namespace, not connected, for `net.Socket` to take over: Node makes its own only
 * when it connects, which is later than a thread stays in another namespace. @throws SystemError
 */
export function tcpSocket(family: 4 | 6): number {
  return outcome(syscall(SYS.socket, family === 4 ? AF_INET : AF_INET6, SOCK_STREAM_NONBLOCK_CLOEXEC, 0), 'socket');
}
