import type { Command } from './command.ts';

interface Entry {
  readonly summary: string;
  readonly load: () => Promise<{ readonly command: Command }>;
}

/** Every command with its one line of help. A command's code is loaded when it is wanted, not before. */
export const commandTable: Readonly<Record<string, Entry>> = {
  run: { summary: 'Create and run a new container from an image', load: () => import('./command/run.ts') },
  exec: { summary: 'Execute a command in a running container', load: () => import('./command/exec.ts') },
  ps: { summary: 'List containers', load: () => import('./command/ps.ts') },
  pull: { summary: 'Download an image from a registry', load: () => import('./command/pull.ts') },
  push: { summary: 'Upload an image to a registry', load: () => import('./command/push.ts') },
  images: { summary: 'List images', load: () => import('./command/images.ts') },
  load: { summary: 'Load an image from a tar archive or standard input', load: () => import('./command/load.ts') },
  save: { summary: 'Save images to a tar archive', load: () => import('./command/save.ts') },
  import: { summary: "Make an image of a root file system's archive", load: () => import('./command/import.ts') },
  logs: { summary: "Fetch a container's output", load: () => import('./command/logs.ts') },
  explain: {
    summary: "Show each step of a container's start with its time",
    load: () => import('./command/explain.ts'),
  },
  attach: { summary: 'Attach to a running container', load: () => import('./command/attach.ts') },
  copy: {
    summary: 'Copy an image from any place to any other, only what is missing there',
    load: () => import('./command/copy.ts'),
  },
  create: { summary: 'Create a new container', load: () => import('./command/create.ts') },
  daemon: { summary: 'Start, stop or look at the daemon', load: () => import('./command/daemon.ts') },
  'dial-stdio': {
    summary: "Connect standard input and output to the daemon's socket",
    load: () => import('./command/dial-stdio.ts'),
  },
  events: { summary: 'Show events as they happen', load: () => import('./command/events.ts') },
  export: {
    summary: "Export a container's file system as a tar archive",
    load: () => import('./command/export.ts'),
  },
  gc: { summary: 'Collect garbage, or say what holds a blob', load: () => import('./command/gc.ts') },
  history: { summary: 'Show the history of an image', load: () => import('./command/history.ts') },
  'image prune': { summary: 'Remove unused images', load: () => import('./command/image-prune.ts') },
  info: { summary: 'Show what the daemon is and has', load: () => import('./command/info.ts') },
  inspect: { summary: 'Show all details of containers or images', load: () => import('./command/inspect.ts') },
  kill: { summary: 'Send a signal to containers', load: () => import('./command/kill.ts') },
  'lease create': { summary: 'Make a lease, which keeps content', load: () => import('./command/lease/create.ts') },
  'lease ls': { summary: 'List leases', load: () => import('./command/lease/ls.ts') },
  'lease rm': { summary: 'Remove leases', load: () => import('./command/lease/rm.ts') },
  login: { summary: 'Log in to a registry', load: () => import('./command/login.ts') },
  logout: { summary: 'Log out from a registry', load: () => import('./command/logout.ts') },
  manifest: { summary: "Print an image's manifest as it is", load: () => import('./command/manifest.ts') },
  'namespace create': {
    summary: 'Make a namespace, or change it',
    load: () => import('./command/namespace/create.ts'),
  },
  'namespace ls': { summary: 'List namespaces', load: () => import('./command/namespace/ls.ts') },
  'namespace rm': { summary: 'Remove empty namespaces', load: () => import('./command/namespace/rm.ts') },
  'namespace share': {
    summary: 'Share the images of a group of namespaces',
    load: () => import('./command/namespace/share.ts'),
  },
  pods: { summary: 'List pods', load: () => import('./command/pod/ls.ts') },
  'pod inspect': { summary: 'Show all details of pods', load: () => import('./command/pod/inspect.ts') },
  'pod rm': { summary: 'Remove pods, with their containers', load: () => import('./command/pod/rm.ts') },
  'pod stop': { summary: 'Stop pods', load: () => import('./command/pod/stop.ts') },
  pause: { summary: 'Pause all processes within containers', load: () => import('./command/pause.ts') },
  rename: { summary: 'Rename a container', load: () => import('./command/rename.ts') },
  restart: { summary: 'Restart containers', load: () => import('./command/restart.ts') },
  rm: { summary: 'Remove containers', load: () => import('./command/rm.ts') },
  rmi: { summary: 'Remove images', load: () => import('./command/rmi.ts') },
  search: { summary: 'Search the names that a registry lists', load: () => import('./command/search.ts') },
  serve: { summary: 'Offer the images here as a read-only registry', load: () => import('./command/serve.ts') },
  start: { summary: 'Start stopped containers', load: () => import('./command/start.ts') },
  stats: { summary: 'Show what containers use, live', load: () => import('./command/stats.ts') },
  stop: { summary: 'Stop running containers', load: () => import('./command/stop.ts') },
  'system df': { summary: 'Show what takes how much of the disk', load: () => import('./command/system-df.ts') },
  'system prune': { summary: 'Remove unused data', load: () => import('./command/system-prune.ts') },
  tag: { summary: 'Give an image another name', load: () => import('./command/tag.ts') },
  tags: { summary: "List the tags of a registry's repository", load: () => import('./command/tags.ts') },
  top: { summary: 'Show the processes of a container', load: () => import('./command/top.ts') },
  unpause: { summary: 'Unpause all processes within containers', load: () => import('./command/unpause.ts') },
  version: { summary: 'Show the versions of command and daemon', load: () => import('./command/version.ts') },
  wait: { summary: 'Wait until containers stop, then print their exit codes', load: () => import('./command/wait.ts') },
};

/** Docker's long forms (`container ls`) and what they mean here. */
const groups: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  container: {
    ls: 'ps',
    list: 'ps',
    ps: 'ps',
    run: 'run',
    exec: 'exec',
    create: 'create',
    start: 'start',
    stop: 'stop',
    restart: 'restart',
    kill: 'kill',
    rm: 'rm',
    remove: 'rm',
    logs: 'logs',
    attach: 'attach',
    wait: 'wait',
    stats: 'stats',
    top: 'top',
    pause: 'pause',
    unpause: 'unpause',
    rename: 'rename',
    inspect: 'inspect',
    export: 'export',
  },
  image: {
    ls: 'images',
    list: 'images',
    load: 'load',
    import: 'import',
    pull: 'pull',
    push: 'push',
    copy: 'copy',
    rm: 'rmi',
    remove: 'rmi',
    tag: 'tag',
    inspect: 'inspect',
    save: 'save',
    history: 'history',
    prune: 'image prune',
  },
  namespace: {
    ls: 'namespace ls',
    list: 'namespace ls',
    create: 'namespace create',
    rm: 'namespace rm',
    remove: 'namespace rm',
    share: 'namespace share',
  },
  pod: {
    ls: 'pods',
    list: 'pods',
    ps: 'pods',
    inspect: 'pod inspect',
    stop: 'pod stop',
    rm: 'pod rm',
    remove: 'pod rm',
  },
  lease: { ls: 'lease ls', list: 'lease ls', create: 'lease create', rm: 'lease rm', remove: 'lease rm' },
  system: { info: 'info', events: 'events', df: 'system df', prune: 'system prune', 'dial-stdio': 'dial-stdio' },
};

/** A word that means nothing without the next one. */
export function isGroup(word: string): boolean {
  return Object.hasOwn(groups, word);
}

export interface FoundCommand extends Entry {
  readonly name: string;
  /** The words after the command's name. */
  readonly rest: readonly string[];
}

/** The command that the words begin with. */
export function findCommand(words: readonly string[]): FoundCommand | undefined {
  const [first = '', second = '', ...more] = words;
  const grouped = Object.hasOwn(groups, first) ? groups[first] : undefined;
  const name = grouped !== undefined && Object.hasOwn(grouped, second) ? grouped[second] : undefined;
  if (grouped !== undefined && name === undefined) return undefined;
  const found = name ?? first;
  const entry = Object.hasOwn(commandTable, found) ? commandTable[found] : undefined;
  if (entry === undefined) return undefined;
  return { ...entry, name: found, rest: name === undefined ? words.slice(1) : more };
}
