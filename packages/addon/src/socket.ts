import { SYS, syscall } from './call.ts';
import { outcome } from './outcome.ts';

/** Who is at the other end of a unix socket, as the kernel saw it at connect time. */
export interface PeerCredentials {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

const SOL_SOCKET = 1;
const SO_PEERCRED = 17;

/** unix(7), `SO_PEERCRED`. */
export function getPeerCredentials(fd: number): PeerCredentials {
  const words = new Uint32Array(3);
  const size = new Uint8Array([words.byteLength, 0, 0, 0]);
  outcome(syscall(SYS.getsockopt, fd, SOL_SOCKET, SO_PEERCRED, new Uint8Array(words.buffer), size), 'getsockopt');
  return { pid: words[0]!, uid: words[1]!, gid: words[2]! };
}
