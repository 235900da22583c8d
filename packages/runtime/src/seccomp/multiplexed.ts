/** Codes of socketcall(2), linux/net.h. */
const socketCalls = [
  'socket',
  'bind',
  'connect',
  'listen',
  'accept',
  'getsockname',
  'getpeername',
  'socketpair',
  'send',
  'recv',
  'sendto',
  'recvfrom',
  'shutdown',
  'setsockopt',
  'getsockopt',
  'sendmsg',
  'recvmsg',
  'accept4',
  'recvmmsg',
  'sendmmsg',
];

/** Codes of ipc(2), linux/ipc.h. */
const ipcCalls = {
  semop: 1,
  semget: 2,
  semctl: 3,
  semtimedop: 4,
  msgsnd: 11,
  msgrcv: 12,
  msgget: 13,
  msgctl: 14,
  shmat: 21,
  shmdt: 22,
  shmget: 23,
  shmctl: 24,
};

/**
 * i386 has these calls twice: by a number of their own (since Linux 4.3 and 5.1) and through one
 * call that takes a code. The real arguments are in memory then, where no filter can see them, so
 * that a rule holds for the code whatever its conditions say; libseccomp does the same.
 */
export const multiplexed: Readonly<Record<string, { by: string; code: number }>> = {
  ...Object.fromEntries(socketCalls.map((name, index) => [name, { by: 'socketcall', code: index + 1 }])),
  ...Object.fromEntries(Object.entries(ipcCalls).map(([name, code]) => [name, { by: 'ipc', code }])),
};
