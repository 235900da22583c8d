import type { Architecture } from './architecture.ts';

/**
 * Calls that servers and shells make most, with rough shares. It only shapes the search: wrong
 * numbers cost an instruction or two, never a verdict.
 */
const common: Readonly<Record<string, number>> = {
  read: 400,
  write: 400,
  futex: 400,
  epoll_wait: 200,
  epoll_pwait: 200,
  recvfrom: 150,
  sendto: 150,
  recvmsg: 100,
  sendmsg: 100,
  writev: 80,
  readv: 60,
  poll: 80,
  ppoll: 60,
  close: 150,
  openat: 120,
  open: 60,
  fstat: 80,
  newfstatat: 80,
  stat: 60,
  lseek: 60,
  mmap: 60,
  munmap: 60,
  mprotect: 40,
  brk: 40,
  madvise: 60,
  pread64: 60,
  pwrite64: 60,
  rt_sigaction: 40,
  rt_sigprocmask: 60,
  clock_gettime: 60,
  clock_nanosleep: 30,
  nanosleep: 30,
  epoll_ctl: 60,
  accept4: 40,
  accept: 20,
  fcntl: 60,
  ioctl: 40,
  getpid: 30,
  gettid: 30,
  sched_yield: 60,
  access: 30,
  faccessat: 20,
  getdents64: 20,
  readlink: 20,
  readlinkat: 20,
  wait4: 20,
  execve: 20,
  clone: 20,
  pipe2: 10,
  dup2: 10,
  dup3: 10,
  getrandom: 20,
  statx: 40,
  eventfd2: 10,
  restart_syscall: 5,
  rt_sigreturn: 30,
  exit: 10,
  socket: 20,
};

const kept = new WeakMap<Architecture, ReadonlyMap<number, number>>();

/** The weights of an architecture's calls, by number; all others weigh 1. */
export function frequency(architecture: Architecture): ReadonlyMap<number, number> {
  const known = kept.get(architecture);
  if (known !== undefined) return known;
  const weights = new Map<number, number>();
  for (const [name, weight] of Object.entries(common)) {
    const number = architecture.numbers[name];
    if (number !== undefined) weights.set(number, weight);
  }
  kept.set(architecture, weights);
  return weights;
}
