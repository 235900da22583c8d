import type { RecordKind } from '../plan/layout.ts';
import type { PlanRecord } from '../plan/record.ts';
import { describeRecord, items, text } from './describe.ts';
import { errnoNameOf } from './errno-name.ts';
import { bad, gone, invalidOption, refused } from './remedy-word.ts';
import type { Explain, Remedies, Remedy } from './remedy-word.ts';
import { explainProcWrite, startRemedies } from './remedy-start.ts';

export type { Remedy } from './remedy-word.ts';

const remedies: Remedies = {
  ...startRemedies,
  execve: explainExecve,
  bind_mount: explainBind,
  tree_open: explainBind,
  mount: explainMount,
  fs_mount: ({ type, target }, errno) =>
    refused(errno, `mounting ${text(type)} on ${text(target)}`) ??
    invalidOption(errno, `${text(type)} takes no such option, or this kernel has no ${text(type)}`),
  chdir: explainChdir,
  cgroup_create: ({ path }, errno) => explainCgroup(text(path), errno),
  cgroup_attach: ({ path }, errno) =>
    errno === 'ENOSPC'
      ? bad(`the cpuset of ${text(path)} is empty`, 'write its cpuset.cpus and cpuset.mems first')
      : explainCgroup(text(path), errno),
  write_file: ({ path, data }, errno) => explainWrite(text(path), text(data), errno),
  user: ({ uid, gid }, errno) =>
    errno === 'EINVAL'
      ? bad(`user ${uid}:${gid} does not exist in this user namespace`, 'map the id, or use another')
      : refused(errno, `becoming user ${uid}:${gid}`),
  groups: (_, errno) => refused(errno, 'setting the supplementary groups'),
  seccomp: (_, errno) => explainSeccomp(errno),
  sysctl: explainSysctl,
  spawn: explainSpawn,
  join_pid: ({ path }, errno) =>
    ['ENOENT', 'ESRCH'].includes(errno)
      ? gone(`the pid namespace ${text(path) || 'of the container'} is gone`, 'the container has ended')
      : undefined,
  rlimit: (record, errno) => refused(errno, describeRecord(record)),
  sethostname: ({ name }, errno) =>
    errno === 'EINVAL' ? bad(`the host name ${text(name)} is too long`, 'at most 64 bytes') : undefined,
};

/**
 * The message, hint and error kind for a record that failed with `errno` (a positive number). For
 * what nobody has words for yet: the step and the errno's name.
 */
export function remedy(record: PlanRecord, errno: number): Remedy {
  const name = errnoNameOf(errno);
  const known = remedies[record.kind] as Explain<RecordKind> | undefined;
  return known?.(record, name) ?? { kind: 'internal', message: `${describeRecord(record)}: ${name}` };
}

function explainExecve({ candidates, argv }: PlanRecord<'execve'>, errno: string): Remedy | undefined {
  const program = items(argv)[0] ?? '';
  if (errno === 'ENOENT' || errno === 'ENOTDIR') {
    const bare = !program.includes('/');
    const hint = bare
      ? `looked in ${items(candidates)
          .map((path) => path.slice(0, -program.length - 1))
          .join(', ')}`
      : 'if the file is there, its interpreter (the #! line or the dynamic loader) is not';
    return { kind: 'not_found', message: `no such program ${program} in the image`, hint, exitCode: 127 };
  }
  if (errno === 'EACCES' || errno === 'EPERM') {
    const hint = 'it is not executable for this user, or lies on a mount with noexec';
    return { kind: 'permission_denied', message: `cannot run ${program}: ${errno}`, hint, exitCode: 126 };
  }
  if (errno === 'ENOEXEC') {
    const hint = 'it is built for another architecture, or is a script without a #! line';
    return {
      kind: 'invalid_argument',
      message: `${program} is no program for this machine`,
      hint,
      exitCode: 126,
    };
  }
  if (errno === 'E2BIG')
    return bad('arguments and environment are too long', 'the kernel takes a quarter of the stack limit');
  return undefined;
}

function explainBind(record: PlanRecord<'bind_mount' | 'tree_open'>, errno: string): Remedy | undefined {
  const { source } = record;
  const target = record.kind === 'bind_mount' ? record.target : 'its place';
  if (record.kind === 'tree_open' && record.uidMap.length > 0 && errno !== 'ENOENT') return explainIdmap(record, errno);
  if (errno === 'ENOENT') {
    const hint = `create it, or correct the source of -v ${text(source)}:${text(target)}`;
    return { kind: 'invalid_argument', message: `bind source ${text(source)} does not exist`, hint };
  }
  // move_mount(2) says EINVAL where mount(2) says ENOTDIR.
  if (errno === 'ENOTDIR' || errno === 'EINVAL') {
    return bad(
      `cannot mount ${text(source)} on ${text(target)}: one is a folder and the other is not`,
      'mount a file on a file and a folder on a folder',
    );
  }
  if (errno === 'EROFS') {
    return bad(
      `the mount point ${text(target)} does not exist and its file system is read-only`,
      'create it in the image, or mount where it exists',
    );
  }
  return refused(errno, `mounting ${text(source)} on ${text(target)}`);
}

function explainIdmap({ source }: PlanRecord<'tree_open'>, errno: string): Remedy | undefined {
  return errno === 'EINVAL'
    ? bad(`the file system of ${text(source)} cannot be idmapped`, 'or the maps overlap; leave the mappings out')
    : refused(errno, `mapping the ids of ${text(source)}`);
}

function explainMount({ type, target, data }: PlanRecord<'mount'>, errno: string): Remedy | undefined {
  if (text(type) === 'overlay' && errno === 'EINVAL') {
    return bad(
      `the overlay for ${text(target)} is not accepted`,
      'the kernel log (dmesg) says which layer or option it refuses',
    );
  }
  if (errno === 'ENOENT') return gone(`a folder of the mount on ${text(target)} is missing`, text(data));
  if (errno === 'ENODEV') return bad(`this kernel has no file system ${text(type)}`, `modprobe ${text(type)}`);
  return refused(errno, `mounting ${text(type) || 'a bind'} on ${text(target)}`);
}

function explainChdir({ path }: PlanRecord<'chdir'>, errno: string): Remedy | undefined {
  const folder = text(path);
  if (errno === 'ENOENT')
    return bad(`the working folder ${folder} does not exist`, 'create it in the image, or choose another with -w');
  if (errno === 'ENOTDIR') return bad(`the working folder ${folder} is not a folder`, 'choose another with -w');
  if (errno === 'EXDEV')
    return { kind: 'permission_denied', message: `the working folder ${folder} is outside of the container` };
  if (errno === 'EACCES')
    return { kind: 'permission_denied', message: `the user may not enter the working folder ${folder}` };
  return undefined;
}

function explainCgroup(path: string, errno: string): Remedy | undefined {
  if (errno === 'ENOENT')
    return gone(`the cgroup ${path} is missing`, 'the container has ended, or its hierarchy is not mounted');
  if (errno === 'EROFS')
    return {
      kind: 'failed_precondition',
      message: `cgroups are read-only here: ${path}`,
      hint: 'berthd needs a writable /sys/fs/cgroup',
    };
  if (errno === 'ENOSPC') return { kind: 'resource_exhausted', message: `no more cgroups can be made: ${path}` };
  return refused(errno, `using the cgroup ${path}`);
}

function explainWrite(path: string, data: string, errno: string): Remedy | undefined {
  if (!path.includes('cgroup')) return explainProcWrite(path, data, errno);
  if (errno === 'ENOENT') {
    return {
      kind: 'failed_precondition',
      message: `this kernel has no ${path}`,
      hint: 'its cgroup controller is off or not mounted: leave the limit out',
    };
  }
  if (['EINVAL', 'ERANGE', 'EBUSY'].includes(errno)) {
    return bad(
      `the kernel does not take ${data} for ${path}`,
      'it must fit the limits of the cgroups above and the processors there are',
    );
  }
  return explainCgroup(path, errno);
}

function explainSeccomp(errno: string): Remedy | undefined {
  if (errno === 'EACCES')
    return {
      kind: 'permission_denied',
      message: 'loading a system call filter needs CAP_SYS_ADMIN or no_new_privs',
      hint: 'run with no-new-privileges',
    };
  if (errno === 'EINVAL')
    return bad('the kernel does not take the system call filter', 'its flags or actions are newer than this kernel');
  return undefined;
}

function explainSysctl({ path }: PlanRecord<'sysctl'>, errno: string): Remedy | undefined {
  const name = text(path).replaceAll('/', '.');
  if (errno === 'ENOENT') return bad(`this kernel has no setting ${name}`, 'or it is not part of a namespace');
  if (errno === 'EINVAL')
    return bad(`the setting ${name} does not take that value`, 'see Documentation/admin-guide/sysctl');
  return refused(errno, `setting ${name}`);
}

function explainSpawn({ cgroup }: PlanRecord<'spawn'>, errno: string): Remedy | undefined {
  if (errno === 'EAGAIN')
    return {
      kind: 'resource_exhausted',
      message: 'no more processes can be made',
      hint: 'the pids limit or ulimit -u of the parent is reached',
    };
  if (errno === 'ENOSPC')
    return {
      kind: 'resource_exhausted',
      message: 'no more namespaces can be made',
      hint: 'raise the limits in /proc/sys/user',
    };
  if (errno === 'EINVAL')
    return bad('this kernel lacks a kind of namespace that was asked for', 'time namespaces need Linux 5.6');
  if (errno === 'ENOENT' || errno === 'EBUSY') return explainCgroup(text(cgroup), errno);
  return refused(errno, 'making the process and its namespaces');
}
