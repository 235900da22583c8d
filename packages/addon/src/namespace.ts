import { closeSync, constants, openSync } from 'node:fs';
import { SYS, syscall } from './call.ts';
import { outcome } from './outcome.ts';
import { netlinkSocket } from './netlink.ts';

export const CLONE_NEWNET = 0x40000000;

/** Moves the calling thread, and only it, into the namespace (setns(2); `type` 0: any). @throws SystemError */
export function setns(fd: number, type: number): void {
  outcome(syscall(SYS.setns, fd, type), 'setns');
}

/** Gives the calling thread, and only it, namespaces of its own (unshare(2)). @throws SystemError */
export function unshare(flags: number): void {
  outcome(syscall(SYS.unshare, flags), 'unshare');
}

/** ioctl_nsfs(2). */
const NS_GET_NSTYPE = 0xb703;

/** True of a path that is a network namespace; false of any other file and of none. */
export function isNetworkNamespace(path: string): boolean {
  let fd;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch {
    return false;
  }
  try {
    return syscall(SYS.ioctl, fd, NS_GET_NSTYPE) === CLONE_NEWNET;
  } finally {
    closeSync(fd);
  }
}

/**
 * Runs `work` on this thread in a network namespace that is made for it; it goes with the thread's return unless `work`
 * has kept `/proc/thread-self/ns/net` (a mount of it, a descriptor).
 */
export function inNewNetworkNamespace<T>(work: () => T): T {
  const home = openSync('/proc/thread-self/ns/net', 'r');
  try {
    unshare(CLONE_NEWNET);
    try {
      return work();
    } finally {
      setns(home, CLONE_NEWNET);
    }
  } finally {
    closeSync(home);
  }
}

/**
 * What `open` makes inside the network namespace at `path` (`/proc/PID/ns/net`, `/run/netns/NAME`): sockets stay in
 * the namespace they were made in. The thread goes there and comes back before anything else runs on it.
 */
export function inNetworkNamespace<T>(path: string, open: () => T): T {
  const there = openSync(path, 'r');
  try {
    // The thread's own: it may be a worker's, and /proc/self is always the first one's.
    const home = openSync('/proc/thread-self/ns/net', 'r');
    try {
      setns(there, CLONE_NEWNET);
      try {
        return open();
      } finally {
        setns(home, CLONE_NEWNET);
      }
    } finally {
      closeSync(home);
    }
  } finally {
    closeSync(there);
  }
}

/** A bound NETLINK_ROUTE socket of the network namespace at `path`; to be closed with `close` of ./file. */
export function netlinkSocketIn(path: string): number {
  return inNetworkNamespace(path, netlinkSocket);
}
