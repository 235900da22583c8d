import { addon } from './load.ts';
import type { Name } from './outcome.ts';

/** The calls that this package makes: their numbers on x86-64 and on arm64 (the kernel's syscall tables). */
const numbers = {
  close: [3, 57],
  ioctl: [16, 29],
  socket: [41, 198],
  connect: [42, 203],
  sendto: [44, 206],
  recvfrom: [45, 207],
  sendmsg: [46, 211],
  recvmsg: [47, 212],
  bind: [49, 200],
  listen: [50, 201],
  getsockopt: [55, 209],
  kill: [62, 129],
  fcntl: [72, 25],
  flock: [73, 32],
  fchmod: [91, 52],
  umask: [95, 166],
  prctl: [157, 167],
  mount: [165, 40],
  umount2: [166, 39],
  lsetxattr: [189, 6],
  fsetxattr: [190, 7],
  lgetxattr: [192, 9],
  fgetxattr: [193, 10],
  llistxattr: [195, 12],
  flistxattr: [196, 13],
  lremovexattr: [198, 15],
  fremovexattr: [199, 16],
  mkdirat: [258, 34],
  mknodat: [259, 33],
  fchownat: [260, 54],
  unlinkat: [263, 35],
  linkat: [265, 37],
  symlinkat: [266, 36],
  readlinkat: [267, 78],
  fchmodat: [268, 53],
  unshare: [272, 97],
  sync_file_range: [277, 84],
  utimensat: [280, 88],
  accept4: [288, 242],
  syncfs: [306, 267],
  setns: [308, 268],
  renameat2: [316, 276],
  memfd_create: [319, 279],
  bpf: [321, 280],
  pidfd_send_signal: [424, 424],
  open_tree: [428, 428],
  move_mount: [429, 429],
  fsopen: [430, 430],
  fsconfig: [431, 431],
  fsmount: [432, 432],
  pidfd_open: [434, 434],
  openat2: [437, 437],
  mount_setattr: [442, 442],
  fchmodat2: [452, 452],
} as const satisfies Readonly<Record<string, readonly [x64: number, arm64: number]>>;

const column = process.arch === 'arm64' ? 1 : 0;

/** The numbers of this machine. */
export const SYS = Object.fromEntries(
  Object.entries(numbers).map(([name, columns]) => [name, columns[column]]),
) as Readonly<Record<keyof typeof numbers, number>>;

export const { syscall, address } = addon();

/** A name as an argument: bytes get the NUL that ends them. */
export function text(name: Name): string | Uint8Array {
  if (typeof name === 'string') return name;
  // A string with a NUL is refused by the addon: the kernel would see another, shorter name than the caller means.
  if (!(name instanceof Uint8Array) || name.includes(0)) return '\0';
  const ended = new Uint8Array(name.length + 1);
  ended.set(name);
  return ended;
}
