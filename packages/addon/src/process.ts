import { SYS, syscall } from './call.ts';
import { outcome } from './outcome.ts';

const ESRCH = -3;
const EINVAL = -22;

/** A descriptor that means this process and no later one of the same number, pidfd_open(2). @throws SystemError ESRCH */
export function pidfdOpen(pid: number): number {
  const result = syscall(SYS.pidfd_open, pid, 0);
  // While a process is being reaped its number is still known, but leads no threads any more: EINVAL.
  return outcome(result === EINVAL && pid > 0 ? ESRCH : result, 'pidfd_open');
}

/** False when the process is gone (it may be a zombie still); pidfd_send_signal(2). Signal 0 only asks. */
export function pidfdSendSignal(pidfd: number, signal: number): boolean {
  const result = syscall(SYS.pidfd_send_signal, pidfd, signal, 0, 0);
  return result === ESRCH ? false : outcome(result, 'pidfd_send_signal') === 0;
}

/** As process.kill, for signals that Node has no name for (real-time ones): false when there is no such process. */
export function kill(pid: number, signal: number): boolean {
  const result = syscall(SYS.kill, pid, signal);
  return result === ESRCH ? false : outcome(result, 'kill') === 0;
}

/** prctl(2) of the calling thread. @throws SystemError */
export function prctl(option: number, ...values: readonly (number | bigint | Uint8Array)[]): number {
  // The calls that look at all five refuse anything but zero behind their last.
  const [a = 0, b = 0, c = 0, d = 0] = values;
  return outcome(syscall(SYS.prctl, option, a, b, c, d), 'prctl');
}

/** Children whose parents die become this process's own, prctl(2). */
export const PR_SET_CHILD_SUBREAPER = 36;

/** Sets the file mode mask, also in a worker thread, where process.umask throws; the old one. */
export function umask(mask: number): number {
  return syscall(SYS.umask, mask);
}
