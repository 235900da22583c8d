import { SYS, syscall } from './call.ts';
import { outcome } from './outcome.ts';

const AF_NETLINK = 16;
const SOCK_RAW_CLOEXEC = 3 | 0o2000000;
const EINTR = -4;

/** struct sockaddr_nl: the family, padding, port 0 (the kernel chooses one when binding; of a target: the kernel), no groups. */
const kernel = new Uint8Array([AF_NETLINK, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);

/** A bound netlink(7) socket of the thread's network namespace; `protocol` 0 is NETLINK_ROUTE. To be closed with `close` of ./file. */
export function netlinkSocket(protocol = 0): number {
  const fd = outcome(syscall(SYS.socket, AF_NETLINK, SOCK_RAW_CLOEXEC, protocol), 'socket');
  const bound = syscall(SYS.bind, fd, kernel, kernel.length);
  if (bound < 0) syscall(SYS.close, fd);
  outcome(bound, 'bind');
  return fd;
}

/** Sends whole messages (struct nlmsghdr and what follows) to the kernel. @throws SystemError */
export function netlinkSend(fd: number, messages: Uint8Array): void {
  outcome(syscall(SYS.sendto, fd, messages, messages.length, 0, kernel, kernel.length), 'sendto');
}

/** The next datagram, one or more messages. The kernel has answered by the time a send returns, so it never waits long. */
export function netlinkReceive(fd: number): Buffer {
  // 32 KiB is what the kernel fills at most in one datagram of a dump.
  const buffer = Buffer.allocUnsafe(32_768);
  let result;
  do result = syscall(SYS.recvfrom, fd, buffer, buffer.length, 0, 0, 0);
  while (result === EINTR);
  return buffer.subarray(0, outcome(result, 'recvfrom'));
}
