import { strict as assert } from 'node:assert';
import type { Case } from '../suite/case.ts';
import { refused } from '../suite/refusal.ts';
import { grant, type Spec } from '../suite/spec.ts';

type Seccomp = NonNullable<Spec['linux']['seccomp']>;
type Rule = NonNullable<Seccomp['syscalls']>[number];

/** Everything is allowed but for these rules. */
function except(...syscalls: Rule[]): Pick<Case, 'spec'> {
  return { spec: (spec) => (spec.linux.seccomp = { defaultAction: 'SCMP_ACT_ALLOW', syscalls }) };
}

const x64 = process.arch === 'x64';
/** The numbers of the calls that the probe makes. */
const number = x64 ? { getpriority: 140, sethostname: 170 } : { getpriority: 141, sethostname: 161 };

const getpriority = `syscall ${number.getpriority} 0 0`;
const tryPriority = `try ${number.getpriority} 0 0`;
/** getpriority(2) for a process: an argument on both sides of a comparison. */
const ask = (value: number | string) => `try ${number.getpriority} 0 ${value}`;
const eperm = 1;

interface Compared {
  readonly op: string;
  readonly value: number;
  readonly valueTwo?: number;
  readonly refused: readonly number[];
  readonly allowed: readonly number[];
}

function comparison({ refused: no, allowed, ...condition }: Compared): Case {
  return {
    name: `an argument is compared by ${condition.op}`,
    ...except({ names: ['getpriority'], action: 'SCMP_ACT_ERRNO', args: [{ index: 1, ...condition }] }),
    probe: [...no, ...allowed].map(ask),
    expect: (seen) => {
      for (const each of no) assert.equal(seen.of<number>(ask(each)), eperm, `${each} is not refused`);
      for (const each of allowed) assert.notEqual(seen.of<number>(ask(each)), eperm, `${each} is refused`);
    },
  };
}

export const cases: readonly Case[] = [
  {
    name: 'without a filter there is none',
    probe: ['read /proc/self/status', getpriority],
    expect: (seen) => {
      assert.equal(seen.status('Seccomp'), '0');
      assert.equal(seen.of(getpriority), 'ok');
    },
  },
  {
    name: 'with a filter there is exactly one',
    ...except(),
    spec: (spec) =>
      (spec.linux.seccomp = {
        defaultAction: 'SCMP_ACT_ALLOW',
        syscalls: [{ names: ['getpriority'], action: 'SCMP_ACT_ERRNO' }],
      }),
    probe: ['read /proc/self/status'],
    expect: (seen) => assert.deepEqual([seen.status('Seccomp'), seen.status('Seccomp_filters')], ['2', '1']),
  },
  {
    name: 'an errno of EPERM by default',
    ...except({ names: ['getpriority'], action: 'SCMP_ACT_ERRNO' }),
    probe: [getpriority],
    expect: (seen) => assert.equal(seen.of(getpriority), 'EPERM'),
  },
  {
    name: 'an errno of its own',
    ...except({ names: ['getpriority'], action: 'SCMP_ACT_ERRNO', errnoRet: 77 }),
    probe: [tryPriority],
    expect: (seen) => assert.equal(seen.of<number>(tryPriority), 77),
  },
  {
    name: 'an errno of 0 makes the call do nothing',
    ...except({ names: ['sethostname'], action: 'SCMP_ACT_ERRNO', errnoRet: 0 }),
    probe: ['sethostname changed', 'uname'],
    expect: (seen) => {
      assert.equal(seen.of('sethostname changed'), 'ok');
      assert.equal(seen.of<{ hostname: string }>('uname').hostname, 'box');
    },
  },
  {
    name: 'a call that kills its process',
    ...except({ names: ['getpriority'], action: 'SCMP_ACT_KILL_PROCESS' }),
    probe: [tryPriority],
    expect: (seen) => assert.equal(seen.of<number>(tryPriority), 128 + 31),
  },
  {
    name: 'a call that kills its thread',
    ...except({ names: ['getpriority'], action: 'SCMP_ACT_KILL' }),
    probe: [tryPriority],
    expect: (seen) => assert.equal(seen.of<number>(tryPriority), 128 + 31),
  },
  {
    name: 'a call that traps',
    ...except({ names: ['getpriority'], action: 'SCMP_ACT_TRAP' }),
    probe: [tryPriority],
    expect: (seen) => assert.equal(seen.of<number>(tryPriority), 128 + 31),
  },
  {
    name: 'a call to be traced, without a tracer, is not there',
    ...except({ names: ['getpriority'], action: 'SCMP_ACT_TRACE' }),
    probe: [getpriority],
    expect: (seen) => assert.equal(seen.of(getpriority), 'ENOSYS'),
  },
  {
    name: 'a call that is logged is made',
    ...except({ names: ['getpriority'], action: 'SCMP_ACT_LOG' }),
    probe: [getpriority],
    expect: (seen) => assert.equal(seen.of(getpriority), 'ok'),
  },
  {
    name: 'a default errno with what is allowed listed',
    spec: (spec) => {
      const names =
        'execve exit exit_group read write close brk mmap munmap mprotect fstat newfstatat arch_prctl set_tid_address ' +
        'set_robust_list rseq prlimit64 readlink readlinkat getrandom capset capget getcwd statx mount fsopen fsconfig fsmount move_mount open_tree umount2 prctl setgroups setresuid setresgid setuid setgid chdir ' +
        'openat openat2 fcntl getdents64 getpid futex rt_sigaction rt_sigprocmask fchdir epoll_ctl epoll_pwait nanosleep ' +
        'clock_nanosleep tgkill gettid madvise sigaltstack getppid faccessat2 keyctl access statfs fstatfs close_range dup3 ' +
        'setsid pread64 lseek ioctl eventfd2 epoll_create1 pipe2 sched_getaffinity sched_yield uname umask seccomp';
      spec.linux.seccomp = {
        defaultAction: 'SCMP_ACT_ERRNO',
        defaultErrnoRet: 38,
        syscalls: [{ names: names.split(' '), action: 'SCMP_ACT_ALLOW' }],
      };
    },
    probe: [getpriority, `syscall ${number.sethostname} 0 0`],
    expect: (seen) =>
      assert.deepEqual([seen.of(getpriority), seen.of(`syscall ${number.sethostname} 0 0`)], ['ENOSYS', 'ENOSYS']),
  },
  comparison({ op: 'SCMP_CMP_EQ', value: 5, refused: [5], allowed: [4, 6] }),
  comparison({ op: 'SCMP_CMP_NE', value: 5, refused: [4, 6], allowed: [5] }),
  comparison({ op: 'SCMP_CMP_LT', value: 5, refused: [4, 0], allowed: [5, 6] }),
  comparison({ op: 'SCMP_CMP_LE', value: 5, refused: [4, 5], allowed: [6] }),
  comparison({ op: 'SCMP_CMP_GT', value: 5, refused: [6], allowed: [5, 4] }),
  comparison({ op: 'SCMP_CMP_GE', value: 5, refused: [5, 6], allowed: [4] }),
  comparison({ op: 'SCMP_CMP_MASKED_EQ', value: 0xf0, valueTwo: 0x50, refused: [0x50, 0x5f], allowed: [0x60, 0x05] }),
  {
    name: 'an argument beyond 32 bits is compared as a whole',
    ...except({
      names: ['getpriority'],
      action: 'SCMP_ACT_ERRNO',
      args: [{ index: 1, value: 0x1_0000_0005, op: 'SCMP_CMP_EQ' }],
    }),
    probe: [ask(0x1_0000_0005), ask(5)],
    expect: (seen) => {
      assert.equal(seen.of<number>(ask(0x1_0000_0005)), eperm);
      assert.notEqual(seen.of<number>(ask(5)), eperm);
    },
  },
  {
    name: 'all arguments of a rule have to match',
    ...except({
      names: ['getpriority'],
      action: 'SCMP_ACT_ERRNO',
      args: [
        { index: 0, value: 0, op: 'SCMP_CMP_EQ' },
        { index: 1, value: 9, op: 'SCMP_CMP_EQ' },
      ],
    }),
    probe: [ask(9), ask(8)],
    expect: (seen) => {
      assert.equal(seen.of<number>(ask(9)), eperm);
      assert.notEqual(seen.of<number>(ask(8)), eperm);
    },
  },
  {
    name: 'a call of a name that nobody knows is passed over',
    ...except({ names: ['no_such_call', 'getpriority'], action: 'SCMP_ACT_ERRNO' }),
    probe: [getpriority],
    expect: (seen) => assert.equal(seen.of(getpriority), 'EPERM'),
  },
  {
    name: 'a call that is newer than all of the profile is not there',
    spec: (spec) => {
      const names = 'read write execve openat close'.split(' ');
      spec.linux.seccomp = {
        defaultAction: 'SCMP_ACT_ALLOW',
        syscalls: [
          { names, action: 'SCMP_ACT_ALLOW' },
          { names: ['getpriority'], action: 'SCMP_ACT_ERRNO' },
        ],
      };
    },
    probe: ['syscall 1000'],
    expect: (seen) => assert.equal(seen.of('syscall 1000'), 'ENOSYS'),
  },
  {
    name: 'calls of the other architecture are filtered too',
    spec: (spec) => {
      spec.linux.seccomp = {
        defaultAction: 'SCMP_ACT_ALLOW',
        architectures: x64
          ? ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X32']
          : ['SCMP_ARCH_AARCH64', 'SCMP_ARCH_ARM'],
        syscalls: [{ names: ['getpriority'], action: 'SCMP_ACT_ERRNO' }],
      };
    },
    probe: [getpriority],
    expect: (seen) => assert.equal(seen.of(getpriority), 'EPERM'),
  },
  {
    name: 'the filter is there without no_new_privs',
    ...except({ names: ['getpriority'], action: 'SCMP_ACT_ERRNO' }),
    probe: [getpriority, 'flags'],
    expect: (seen) => {
      assert.equal(seen.of(getpriority), 'EPERM');
      assert.equal(seen.of<{ noNewPrivileges: number }>('flags').noNewPrivileges, 0);
    },
  },
  {
    name: 'the filter is there for another user, with no_new_privs',
    spec: (spec) => {
      spec.process.user = { uid: 1000, gid: 1000 };
      spec.process.noNewPrivileges = true;
      spec.linux.seccomp = {
        defaultAction: 'SCMP_ACT_ALLOW',
        syscalls: [{ names: ['getpriority'], action: 'SCMP_ACT_ERRNO' }],
      };
    },
    probe: [getpriority],
    expect: (seen) => assert.equal(seen.of(getpriority), 'EPERM'),
  },
  {
    name: 'exec is behind the same filter',
    ...except({ names: ['getpriority'], action: 'SCMP_ACT_ERRNO' }),
    run: async (box) => {
      await box.start();
      const seen = await box.execProbe([getpriority, 'read /proc/self/status']);
      assert.deepEqual([seen.of(getpriority), seen.status('Seccomp_filters')], ['EPERM', '1']);
    },
  },
  {
    name: 'an action that nobody knows is refused',
    ...except({ names: ['getpriority'], action: 'SCMP_ACT_MAGIC' }),
    run: refused(/SCMP_ACT_MAGIC|action/),
  },
  {
    name: 'a comparison that nobody knows is refused',
    ...except({ names: ['getpriority'], action: 'SCMP_ACT_ERRNO', args: [{ index: 0, value: 0, op: 'SCMP_CMP_XX' }] }),
    run: refused(/SCMP_CMP_XX|operator/),
  },
  {
    name: 'an architecture that nobody knows is refused',
    spec: (spec) => (spec.linux.seccomp = { defaultAction: 'SCMP_ACT_ALLOW', architectures: ['SCMP_ARCH_PDP11'] }),
    run: refused(/SCMP_ARCH_PDP11|architecture/),
  },
  {
    name: 'write as a call to be notified of is refused',
    spec: (spec) => {
      grant(spec, ['CAP_SYS_ADMIN']);
      spec.linux.seccomp = {
        defaultAction: 'SCMP_ACT_ALLOW',
        listenerPath: '/run/none',
        syscalls: [{ names: ['write'], action: 'SCMP_ACT_NOTIFY' }],
      };
    },
    run: refused(/write|NOTIFY/),
  },
];
