/**
 * Every kind of plan record: its number on the wire and the names of its fields, in wire order.
 * This table is the only place that knows them: the encoder, the decoder, the printed plan and
 * `native/gen/plan_kinds.h` are made from it. Numbers are never reused.
 * What each kind does is told in docs/plan.md; the C function of the same name carries it out.
 */
export const layout = {
  // Set-up of the shim itself (host track, first plan only).
  shim: {
    code: 1,
    numbers: ['logMaxBytes', 'logMaxFiles', 'logLineMax', 'logDropReturns'],
    strings: ['socket', 'journal', 'log'],
  },
  stdio: { code: 2, numbers: ['stdin', 'terminal'], strings: [] },
  // Host track: before and beside the container process.
  cgroup_create: { code: 3, numbers: [], strings: ['path'] },
  write_file: { code: 4, numbers: [], strings: ['path', 'data'] },
  join_pid: { code: 5, numbers: [], strings: ['path'] },
  spawn: { code: 6, numbers: ['flags'], strings: ['cgroup'] },
  cgroup_attach: { code: 7, numbers: [], strings: ['path'] },
  // Either track.
  post: { code: 8, numbers: ['token'], strings: [] },
  wait: { code: 9, numbers: ['token'], strings: [] },
  // Container track: namespaces and the file tree.
  unshare: { code: 10, numbers: ['flags'], strings: [] },
  setns: { code: 11, numbers: ['flags'], strings: ['path'] },
  mount: { code: 12, numbers: ['flags'], strings: ['source', 'target', 'type', 'data', 'cwd'] },
  root_open: { code: 13, numbers: [], strings: ['path'] },
  fs_mount: { code: 14, numbers: ['attributes', 'mode'], strings: ['type', 'target', 'options'] },
  bind_mount: {
    code: 15,
    numbers: ['recursive', 'set', 'clear', 'propagation', 'recursiveAttributes'],
    strings: ['source', 'target'],
  },
  mkdir: { code: 16, numbers: ['mode', 'uid', 'gid'], strings: ['path'] },
  symlink: { code: 17, numbers: [], strings: ['target', 'path'] },
  mknod: { code: 18, numbers: ['mode', 'major', 'minor', 'uid', 'gid'], strings: ['path'] },
  make_readonly: { code: 19, numbers: [], strings: ['path'] },
  mask: { code: 20, numbers: [], strings: ['path'] },
  terminal: { code: 21, numbers: ['rows', 'columns', 'uid', 'gid', 'console'], strings: [] },
  pivot_root: { code: 22, numbers: [], strings: [] },
  root_attributes: { code: 23, numbers: ['set', 'propagation'], strings: [] },
  // Container track: the process.
  sethostname: { code: 24, numbers: [], strings: ['name'] },
  setdomainname: { code: 25, numbers: [], strings: ['name'] },
  sysctl: { code: 26, numbers: [], strings: ['path', 'value'] },
  loopback_up: { code: 27, numbers: [], strings: [] },
  rlimit: { code: 28, numbers: ['resource', 'current', 'maximum'], strings: [] },
  keep_caps: { code: 29, numbers: ['value'], strings: [] },
  bounding: { code: 30, numbers: ['keep'], strings: [] },
  groups: { code: 31, numbers: [], strings: ['gids'] },
  user: { code: 32, numbers: ['uid', 'gid'], strings: [] },
  capset: { code: 33, numbers: ['effective', 'permitted', 'inheritable'], strings: [] },
  ambient: { code: 34, numbers: ['raise'], strings: [] },
  no_new_privs: { code: 35, numbers: [], strings: [] },
  seccomp: { code: 36, numbers: ['flags'], strings: ['program'] },
  umask: { code: 37, numbers: ['mask'], strings: [] },
  chdir: { code: 38, numbers: [], strings: ['path'] },
  setsid: { code: 39, numbers: [], strings: [] },
  stdio_attach: { code: 40, numbers: ['uid', 'gid'], strings: [] },
  execve: { code: 41, numbers: [], strings: ['candidates', 'argv', 'env'] },
  // Host track: what only the host may open or make, and what only the client knows.
  join_early: { code: 42, numbers: [], strings: ['path'] },
  join_process: { code: 43, numbers: ['pid'], strings: [] },
  ask: { code: 44, numbers: ['token', 'keep'], strings: [] },
  stdio_inherit: { code: 45, numbers: ['preserve'], strings: [] },
  gate_listen: { code: 46, numbers: [], strings: ['path'] },
  notify_connect: { code: 47, numbers: [], strings: ['path', 'head', 'tail'] },
  tree_open: {
    code: 48,
    numbers: ['slot', 'recursive', 'set', 'clear', 'propagation', 'recursiveAttributes', 'recursiveMapping'],
    strings: ['source', 'uidMap', 'gidMap'],
  },
  device_program: { code: 49, numbers: [], strings: ['cgroup', 'program'] },
  descriptor_send: { code: 50, numbers: ['what'], strings: ['socket', 'name'] },
  run_program: { code: 51, numbers: ['timeout'], strings: ['path', 'argv', 'env', 'cwd'] },
  adopt: { code: 52, numbers: [], strings: ['pidFile'] },
  // Container track.
  tree_attach: { code: 53, numbers: ['slot'], strings: ['target'] },
  move_root: { code: 54, numbers: [], strings: [] },
  hook: { code: 55, numbers: ['timeout'], strings: ['path', 'argv', 'env', 'cwd', 'head', 'tail'] },
  gate: { code: 56, numbers: [], strings: [] },
  program_check: { code: 57, numbers: [], strings: ['candidates'] },
  keyring: { code: 58, numbers: [], strings: ['name'] },
  scheduler: { code: 59, numbers: [], strings: ['attributes'] },
  io_priority: { code: 60, numbers: ['priority'], strings: [] },
  personality: { code: 61, numbers: ['persona'], strings: [] },
  memory_policy: { code: 62, numbers: ['mode', 'maxNode'], strings: ['nodes'] },
  cpu_affinity: { code: 63, numbers: [], strings: ['cpus'] },
} as const;

export type Layout = typeof layout;
export type RecordKind = keyof Layout;

/** Kinds that only the shim itself may run, kinds for the container process, and the two for both. */
export type Track = 'host' | 'container';
