import type { RecordKind } from '../plan/layout.ts';
import type { PlanRecord } from '../plan/record.ts';
import { attributeNames, cloneNames, mountNames, propagationName } from './flag-names.ts';
import { startDescriptions } from './describe-start.ts';
import { capabilities, deviceType, groupList, items, join, limit, limitName, octal, owner, quoted } from './word.ts';
import { shellWord, text } from './word.ts';

/** How each kind says what it does, after its own name. Kinds that need no words are left out. */
export type Descriptions = { readonly [K in RecordKind]?: (record: PlanRecord<K>) => string };

const descriptions: Descriptions = {
  ...startDescriptions,
  shim: ({ socket, log }) => `at ${text(socket)}${text(log) && `, log ${text(log)}`}`,
  stdio: ({ stdin, terminal }) => (terminal ? 'terminal' : `pipes${stdin ? '' : ', no standard input'}`),
  cgroup_create: ({ path }) => text(path),
  write_file: ({ path, data }) => `${quoted(data)} to ${text(path)}`,
  join_pid: ({ path }) => text(path) || "the first process's",
  spawn: ({ flags, cgroup }) => `${cloneNames(flags)}${text(cgroup) && ` into ${text(cgroup)}`}`,
  cgroup_attach: ({ path }) => text(path),
  post: ({ token }) => `${token}`,
  wait: ({ token }) => `${token}`,
  unshare: ({ flags }) => cloneNames(flags),
  setns: ({ flags, path }) => `${cloneNames(flags)} of ${text(path) || 'the first process'}`,
  mount: describeMount,
  root_open: ({ path }) => text(path),
  fs_mount: ({ type, target, attributes, options }) =>
    join(`${text(type)} on ${text(target)}`, attributes ? attributeNames(attributes) : '', items(options).join(',')),
  bind_mount: describeBind,
  mkdir: ({ path, mode, uid, gid }) => `${text(path)} ${octal(mode)} ${owner(uid, gid)}`,
  symlink: ({ path, target }) => `${text(path)} -> ${text(target)}`,
  mknod: ({ path, mode, major, minor, uid, gid }) =>
    `${text(path)} ${deviceType(mode)} ${major}:${minor} ${octal(Number(mode) & 0o7777)} ${owner(uid, gid)}`,
  make_readonly: ({ path }) => text(path),
  mask: ({ path }) => text(path),
  terminal: ({ rows, columns, uid, gid, console }) =>
    `${columns}x${rows} ${owner(uid, gid)}${console ? ', on /dev/console' : ''}`,
  root_attributes: ({ set, propagation }) =>
    [set ? attributeNames(set) : '', propagation ? propagationName(propagation) : ''].filter(Boolean).join(' '),
  sethostname: ({ name }) => text(name),
  setdomainname: ({ name }) => text(name),
  sysctl: ({ path, value }) => `${text(path)} = ${text(value)}`,
  rlimit: ({ resource, current, maximum }) => `${limitName(resource)} ${limit(current)} of ${limit(maximum)}`,
  keep_caps: ({ value }) => `${value}`,
  bounding: ({ keep }) => `keep ${capabilities(keep)}`,
  groups: ({ gids }) => groupList(gids).join(' ') || 'none',
  user: ({ uid, gid }) => owner(uid, gid),
  capset: describeCapset,
  ambient: ({ raise }) => capabilities(raise),
  seccomp: ({ program, flags }) => `${Math.floor(program.length / 8)} instructions${flags ? `, flags ${flags}` : ''}`,
  umask: ({ mask }) => octal(mask),
  chdir: ({ path }) => text(path),
  stdio_attach: ({ uid, gid }) => owner(uid, gid),
  execve: ({ candidates, argv }) => `${items(argv).map(shellWord).join(' ')} from ${items(candidates).join(' ')}`,
};

export { items, text };

/** One record in words: its kind and what it does it to. */
export function describeRecord(record: PlanRecord): string {
  const describe = descriptions[record.kind] as ((one: PlanRecord) => string) | undefined;
  const words = describe?.(record) ?? '';
  // An rlimit has a number of that name.
  const soft = record.soft === true ? ' (may fail)' : '';
  return `${record.kind}${words === '' ? '' : ` ${words}`}${soft}`;
}

function describeMount({ source, target, type, flags, data, cwd }: PlanRecord<'mount'>): string {
  const what = [text(type), text(source) && text(source) !== text(type) ? text(source) : ''];
  return join(
    `${what.filter(Boolean).join(' ')} on ${text(target)}`.trim(),
    flags ? mountNames(flags) : '',
    `${text(data)}${text(cwd) && ` (in ${text(cwd)})`}`,
  );
}

function describeBind(record: PlanRecord<'bind_mount'>): string {
  const { source, target, recursive, set, clear, propagation, recursiveAttributes } = record;
  const words = [
    recursive ? 'rbind' : 'bind',
    set ? attributeNames(set) : '',
    clear ? `not ${attributeNames(clear)}` : '',
    recursiveAttributes ? 'whole tree' : '',
    propagation ? propagationName(propagation) : '',
  ];
  return join(`${text(source)} on ${text(target)}`, words.filter(Boolean).join(','));
}

function describeCapset({ effective, permitted, inheritable }: PlanRecord<'capset'>): string {
  const same = BigInt(effective) === BigInt(permitted);
  const sets = same
    ? `effective and permitted ${capabilities(effective)}`
    : `effective ${capabilities(effective)}, permitted ${capabilities(permitted)}`;
  return inheritable ? `${sets}, inheritable ${capabilities(inheritable)}` : sets;
}
