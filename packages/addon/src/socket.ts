import { table } from './load.ts';
import { outcome } from './outcome.ts';

/** Who is at the other end of a unix socket, as the kernel saw it at connect time. */
export interface PeerCredentials {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

/** unix(7), `SO_PEERCRED`. */
export function getPeerCredentials(fd: number): PeerCredentials {
  const words = new Uint32Array(3);
  outcome(table()['peercred']!(fd, new Uint8Array(words.buffer)), 'getsockopt');
  return { pid: words[0]!, uid: words[1]!, gid: words[2]! };
}
