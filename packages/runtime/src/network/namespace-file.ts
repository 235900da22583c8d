import { closeSync, openSync, unlinkSync } from 'node:fs';
import { mount, umount } from '@berth/addon/mount';
import { inNetworkNamespace, inNewNetworkNamespace, isNetworkNamespace } from '@berth/addon/namespace';
import { tolerate } from '@berth/model/error';
import { RouteSocket, RTM } from '../launch/route-socket.ts';
import { link } from './link.ts';

const MS_BIND = 0x1000;

/** Of `lo` in every network namespace. */
const loopback = 1;

/** A new network namespace as a mount on a new file, with `lo` up. @throws SystemError; then nothing is left of it */
export function makeNamespaceFile(path: string): void {
  pin(path, (bind) =>
    inNewNetworkNamespace(() => {
      loopbackUp();
      bind('/proc/thread-self/ns/net');
    }),
  );
}

/** The network namespace of a process as a mount on a new file, with `lo` up. @throws SystemError; then nothing is left of it */
export function keepNamespaceFile(path: string, pid: number): void {
  pin(path, (bind) => {
    bind(`/proc/${pid}/ns/net`);
    inNetworkNamespace(path, loopbackUp);
  });
}

/** Also half of one; gone already is success. A process or a descriptor that is in the namespace keeps it alive. */
export function removeNamespaceFile(path: string): void {
  // One mount over another hides it: a namespace that was bound twice is gone only with both.
  while (umount(path));
  tolerate(['ENOENT'], () => unlinkSync(path));
}

export { isNetworkNamespace };

function pin(path: string, work: (bind: (source: string) => void) => void): void {
  closeSync(openSync(path, 'wx', 0o444));
  try {
    work((source) => mount(path, { source, flags: MS_BIND }));
  } catch (error) {
    removeNamespaceFile(path);
    throw error;
  }
}

function loopbackUp(): void {
  using socket = RouteSocket.open();
  socket.ask({ type: RTM.NEWLINK, flags: 0, fixed: link(loopback, { up: true }) }, 'lo: set up');
}
