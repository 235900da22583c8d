import { askToken } from '../plan/ask-token.ts';
import type { PlanRecord } from '../plan/record.ts';
import { describeRecord } from './describe.ts';
import { cloneNames } from './flag-names.ts';
import { bad, gone, lacking, refused } from './remedy-word.ts';
import type { Remedies, Remedy } from './remedy-word.ts';
import { items, text } from './word.ts';

/** What went wrong in the kinds that a bare runtime, hooks, user namespaces and tuning need. */
export const startRemedies: Remedies = {
  join_early: ({ path }, errno) => explainJoin(`the namespace ${text(path)}`, errno),
  join_process: ({ pid }, errno) =>
    errno === 'ESRCH' ? gone(`process ${pid} is gone`, 'the container has ended') : undefined,
  ask: explainAsk,
  gate_listen: ({ path }, errno) =>
    errno === 'EADDRINUSE' ? bad(`the socket ${text(path)} is there already`, 'is the id in use?') : undefined,
  notify_connect: ({ path }, errno) => explainSocket(`the seccomp agent at ${text(path)}`, errno),
  descriptor_send: ({ socket }, errno) => explainSocket(`the socket ${text(socket)}`, errno),
  device_program: ({ cgroup }, errno) =>
    errno === 'ENOSYS' || errno === 'EINVAL'
      ? lacking('this kernel has no programs for cgroup devices', 'it needs CONFIG_CGROUP_BPF')
      : refused(errno, `device rules for ${text(cgroup)}`),
  hook: (record, errno) => explainProgram(record, errno, `hook ${text(record.path)}`),
  run_program: (record, errno) => explainProgram(record, errno, text(record.path)),
  adopt: ({ pidFile }, errno) =>
    errno === 'ENOENT' ? lacking(`the runtime has not written ${text(pidFile)}`, 'see what it said') : undefined,
  program_check: ({ candidates }, errno) => explainCheck(items(candidates), errno),
  move_root: (_, errno) => refused(errno, 'moving the root file system'),
  pivot_root: (_, errno) =>
    errno === 'EINVAL'
      ? lacking('the root file system cannot be pivoted into', 'from a ramfs only --no-pivot works')
      : refused(errno, 'pivoting into the root file system'),
  root_open: ({ path }, errno) =>
    ['ENOENT', 'ENOTDIR'].includes(errno)
      ? bad(`the root file system ${text(path)} is not a folder`, 'correct root.path')
      : refused(errno, `opening the root file system ${text(path)}`),
  tree_attach: ({ target }, errno) =>
    ['ENOTDIR', 'EINVAL'].includes(errno)
      ? bad(`cannot mount on ${text(target)}: one is a folder and the other is not`, 'mount like on like')
      : refused(errno, `mounting on ${text(target)}`),
  terminal: (_, errno) =>
    ['EXDEV', 'ENOENT', 'ENOTDIR'].includes(errno)
      ? bad('a terminal needs a devpts file system on /dev/pts', 'add it to mounts, or leave process.terminal out')
      : undefined,
  setns: ({ path, flags }, errno) => explainSetns(text(path), cloneNames(flags), errno),
  unshare: (record, errno) => explainNamespaces(describeRecord(record), errno),
  scheduler: (record, errno) => explainTuning(record, errno),
  io_priority: (record, errno) => explainTuning(record, errno),
  memory_policy: (record, errno) => explainTuning(record, errno),
  personality: (record, errno) => explainTuning(record, errno),
  cpu_affinity: (record, errno) =>
    errno === 'EINVAL'
      ? bad(`${describeRecord(record)}: none of these processors may be used here`, 'see the cpuset of the container')
      : explainTuning(record, errno),
  keyring: ({ name }, errno) =>
    errno === 'EDQUOT'
      ? { kind: 'resource_exhausted', message: `no key is left for ${text(name)}`, hint: 'see /proc/key-users' }
      : refused(errno, 'a session keyring'),
};

function explainSetns(path: string, names: string, errno: string): Remedy | undefined {
  const what = path || 'the first process';
  if (errno === 'ENOENT' || errno === 'ESRCH') {
    return gone(`the namespace ${what} is gone`, 'the container or pod that it belongs to has ended');
  }
  if (errno === 'EINVAL') return bad(`${what} is no namespace of the kind ${names}`, 'correct its path or type');
  if (errno !== 'EPERM') return refused(errno, `joining ${what}`);
  const hint = 'beside a new user namespace only namespaces that belong to it can be joined; join its owner by path';
  return { kind: 'permission_denied', message: `joining the namespace ${what} is not permitted`, hint };
}

function explainNamespaces(what: string, errno: string): Remedy | undefined {
  if (errno === 'ENOSPC') {
    const hint = 'raise the limits in /proc/sys/user';
    return { kind: 'resource_exhausted', message: 'no more namespaces can be made', hint };
  }
  if (errno === 'EINVAL') return lacking(`this kernel cannot do ${what}`, 'it lacks a kind of namespace');
  return refused(errno, what);
}

/** Files of /proc that a start writes. */
export function explainProcWrite(path: string, data: string, errno: string): Remedy | undefined {
  if (path === 'uid_map' || path === 'gid_map') {
    const hint = 'ranges must not overlap, and the runtime must have the ids it gives away';
    return ['EINVAL', 'EPERM'].includes(errno)
      ? bad(`the kernel does not take this ${path}: ${data.trim()}`, hint)
      : undefined;
  }
  if (path.endsWith('/timens_offsets')) {
    return ['EINVAL', 'ERANGE'].includes(errno)
      ? bad(`the kernel does not take these time offsets: ${data.trim()}`, 'no clock can be before its start')
      : refused(errno, 'setting time offsets');
  }
  if (!path.includes('/attr/')) return undefined;
  return ['ENOENT', 'EINVAL'].includes(errno)
    ? lacking(`the security module does not know ${data.replace(/^exec /, '')}`, 'load the profile or policy first')
    : refused(errno, `taking the security label ${data.replace(/^exec /, '')}`);
}

function explainAsk({ token }: PlanRecord<'ask'>, errno: string): Remedy | undefined {
  const question = Object.entries(askToken).find(([, value]) => value === Number(token))?.[0] ?? `question ${token}`;
  if (errno === 'EPIPE' || errno === 'ECONNRESET') {
    return { kind: 'aborted', message: `nobody was there to answer ${question}`, hint: 'the client has ended' };
  }
  return undefined;
}

function explainJoin(what: string, errno: string): Remedy | undefined {
  if (errno === 'ENOENT') return gone(`${what} is gone`, 'the container or pod that it belongs to has ended');
  return refused(errno, `joining ${what}`);
}

function explainSocket(what: string, errno: string): Remedy | undefined {
  if (errno === 'ENOENT') return bad(`${what} is not there`, 'its listener has to be started first');
  if (errno === 'ECONNREFUSED') return lacking(`nobody listens to ${what}`, 'its listener has ended');
  return refused(errno, `connecting to ${what}`);
}

/** A program that ended with code N gives 256+N, docs/plan.md. */
function explainProgram(
  { timeout }: PlanRecord<'hook' | 'run_program'>,
  errno: string,
  what: string,
): Remedy | undefined {
  const code = Number(errno) - 256;
  if (code > 0) return { kind: 'failed_precondition', message: `${what} failed: exit status ${code}` };
  if (errno === 'ETIMEDOUT') {
    return { kind: 'deadline_exceeded', message: `${what} took longer than its timeout of ${timeout} ms` };
  }
  if (errno === 'ENOENT') return gone(`${what}: no such program`, 'correct its path');
  return errno === 'EACCES' ? bad(`${what} cannot be run`, 'it needs to be executable') : undefined;
}

/** The words of a failed execve: callers look for them at `create` and at `start` alike. */
function explainCheck(candidates: readonly string[], errno: string): Remedy | undefined {
  const program = candidates.length === 1 ? candidates[0] : candidates[0]?.replace(/^.*\//, '');
  if (errno === 'ENOENT' || errno === 'ENOTDIR') {
    const hint = `looked for ${candidates.join(', ')}`;
    return { kind: 'not_found', message: `no such program ${program} in the image`, hint, exitCode: 127 };
  }
  if (errno !== 'EACCES' && errno !== 'EPERM') return undefined;
  const hint = 'it is not executable for this user, or lies on a mount with noexec';
  return { kind: 'permission_denied', message: `cannot run ${program}: ${errno}`, hint, exitCode: 126 };
}

function explainTuning(record: PlanRecord, errno: string): Remedy | undefined {
  if (errno === 'EINVAL') return bad(`the kernel does not take ${describeRecord(record)}`, 'see its manual page');
  if (errno === 'ENOSYS') return lacking(`this kernel cannot do ${describeRecord(record)}`, 'leave it out');
  return refused(errno, describeRecord(record));
}
