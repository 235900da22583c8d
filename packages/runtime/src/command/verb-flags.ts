import { type FlagTable, integerFlag, listFlag, switchFlag, textFlag } from './flag.ts';

const bundle = textFlag('the folder with config.json (default: the current one)', { short: 'b' });
const consoleSocket = textFlag("a unix socket that takes the descriptor of the terminal's master");
const pidfdSocket = textFlag('a unix socket that takes a pidfd of the process');
const pidFile = textFlag('the file to write the process id to');
const noPivot = switchFlag('move the root instead of pivot_root, for a root on a ramdisk');
const noNewKeyring = switchFlag("keep the caller's session keyring");
const preserveFds = integerFlag('give the process N more descriptors (standard streams + $LISTEN_FDS + N in all)');
const detach = switchFlag('do not wait for the end of the process', { short: 'd' });
const noSubreaper = switchFlag('ignored: the command itself never adopts processes');
const format = textFlag('table or json', { short: 'f', initial: 'table' });

const imagePath = textFlag('the folder of the image files');
const criuFlags = {
  'image-path': imagePath,
  'work-path': textFlag('the folder for work files and logs'),
  'tcp-established': switchFlag('take open TCP connections along'),
  'ext-unix-sk': switchFlag('take unix sockets that lead outside along'),
  'shell-job': switchFlag('take along a session of a shell outside'),
  'lazy-pages': switchFlag('bring memory pages when they are used (userfaultfd)'),
  'file-locks': switchFlag('take file locks along'),
  'manage-cgroups-mode': textFlag('soft, full, strict or ignore (default: soft)'),
  'empty-ns': listFlag('make this namespace, but leave it empty'),
  'auto-dedup': switchFlag('drop what an older image has too'),
} as const;

const createFlags = {
  bundle,
  'console-socket': consoleSocket,
  'pidfd-socket': pidfdSocket,
  'pid-file': pidFile,
  'no-pivot': noPivot,
  'no-new-keyring': noNewKeyring,
  'preserve-fds': preserveFds,
} as const;

/** The flags of every verb: runc's, in our words. */
export const verbFlags = {
  checkpoint: {
    ...criuFlags,
    'parent-path': textFlag('the image files of the pre-dump before this one'),
    'leave-running': switchFlag('let the container run on'),
    'tcp-skip-in-flight': switchFlag('leave TCP connections out that are being made'),
    'link-remap': switchFlag('give unlinked files a name again'),
    'status-fd': integerFlag('criu writes a NUL to this descriptor when lazy pages are ready', { initial: -1 }),
    'page-server': textFlag('ADDRESS:PORT of the page server'),
    'pre-dump': switchFlag('write only the memory, and let the container run on'),
  },
  create: createFlags,
  delete: { force: switchFlag('kill it first if it runs, and do not mind if it is not there', { short: 'f' }) },
  events: {
    interval: textFlag('time between two statistics', { initial: '5s' }),
    stats: switchFlag('print the statistics once'),
  },
  exec: {
    'console-socket': consoleSocket,
    'pidfd-socket': pidfdSocket,
    cwd: textFlag('the working folder in the container'),
    env: listFlag('an environment variable, NAME=VALUE', { short: 'e' }),
    tty: switchFlag('give it a terminal', { short: 't' }),
    user: textFlag('UID[:GID]', { short: 'u' }),
    'additional-gids': listFlag('a further group', { short: 'g' }),
    process: textFlag('the file with the process, as in config.json', { short: 'p' }),
    detach,
    'pid-file': pidFile,
    'process-label': textFlag('the SELinux label'),
    apparmor: textFlag('the AppArmor profile'),
    'no-new-privs': switchFlag('no program gives it more rights'),
    cap: listFlag('a further capability', { short: 'c' }),
    'preserve-fds': preserveFds,
    cgroup: listFlag("run in an existing cgroup below the container's: [CONTROLLER:]PATH"),
    'ignore-paused': switchFlag('also in a paused container'),
  },
  features: {},
  kill: { all: switchFlag('to all processes of the container', { short: 'a', hidden: true }) },
  list: { format, quiet: switchFlag('only ids', { short: 'q' }) },
  pause: {},
  ps: { format },
  restore: {
    ...criuFlags,
    bundle,
    'console-socket': consoleSocket,
    detach,
    'pid-file': pidFile,
    'no-subreaper': noSubreaper,
    'no-pivot': noPivot,
    'lsm-profile': textFlag('TYPE:NAME of the security profile'),
    'lsm-mount-context': textFlag('the security context of mounts'),
  },
  resume: {},
  run: {
    ...createFlags,
    detach,
    keep: switchFlag('do not delete the container when it has ended'),
    'no-subreaper': noSubreaper,
  },
  spec: {
    bundle: textFlag('the folder to write it to', { short: 'b' }),
    rootless: switchFlag('for a container without root'),
  },
  start: {},
  state: {},
  update: {
    resources: textFlag("the file with the limits as in config.json; '-': standard input", { short: 'r' }),
    'blkio-weight': integerFlag('10 to 1000'),
    'cpu-period': textFlag('microseconds; 0 for the default'),
    'cpu-quota': textFlag('microseconds a period'),
    'cpu-burst': textFlag('microseconds of earlier periods'),
    'cpu-share': textFlag('relative weight'),
    'cpu-rt-period': textFlag('microseconds'),
    'cpu-rt-runtime': textFlag('microseconds'),
    'cpuset-cpus': textFlag('processors, 0-3,7'),
    'cpuset-mems': textFlag('memory nodes'),
    memory: textFlag('bytes'),
    'cpu-idle': textFlag('1: only when nothing else runs'),
    'memory-reservation': textFlag('bytes'),
    'memory-swap': textFlag('memory plus swap in bytes; -1: unlimited'),
    'kernel-memory': textFlag('ignored: the kernel has no such limit any more', { hidden: true }),
    'kernel-memory-tcp': textFlag('bytes', { hidden: true }),
    'pids-limit': integerFlag('processes'),
    'l3-cache-schema': textFlag('share of the processor cache (resctrl)'),
    'mem-bw-schema': textFlag('share of the memory bandwidth (resctrl)'),
  },
} as const satisfies Readonly<Record<string, FlagTable>>;

/** The flags of one verb, for the type of its invocation. */
export type FlagsOf<V extends keyof typeof verbFlags> = (typeof verbFlags)[V];
