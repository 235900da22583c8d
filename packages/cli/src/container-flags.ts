import { BerthError } from '@berth/model/error';
import { listFlag, numberFlag, switchFlag, textFlag, valueFlag, type FlagSpec } from './flag/spec.ts';
import type { PullPolicy } from './create-container.ts';
import { parseByteSize, parseByteSizeOrUnlimited } from './value/byte-size.ts';
import { parseCpus } from './value/cpu-count.ts';
import { parsePair } from './value/key-value.ts';
import { parseMount, parseTmpfs } from './value/mount.ts';
import { parseUlimit } from './value/ulimit.ts';
import { parseVolume } from './value/volume.ts';

const bytes = { placeholder: 'bytes' };

/** Flags of `run` and `create` that say what the container is. */
export const containerFlags = {
  attach: listFlag('Attach to STDIN, STDOUT or STDERR', { short: 'a' }, parseStream),
  'cap-add': listFlag('Add Linux capabilities'),
  'cap-drop': listFlag('Drop Linux capabilities'),
  cidfile: textFlag('Write the container ID to the file'),
  'cpu-period': numberFlag('Period of the CPU quota, microseconds'),
  'cpu-quota': numberFlag('CPU time per period, microseconds'),
  'cpu-shares': numberFlag('CPU shares (relative weight)', { short: 'c' }),
  cpus: valueFlag('Number of CPUs', parseCpus, { placeholder: 'decimal' }),
  'cpuset-cpus': textFlag('CPUs in which to allow execution (0-3, 0,1)'),
  entrypoint: textFlag('Overwrite the default ENTRYPOINT of the image'),
  env: listFlag('Set environment variables', { short: 'e' }),
  'env-file': listFlag('Read in a file of environment variables'),
  hostname: textFlag('Container host name', { short: 'h' }),
  interactive: switchFlag('Keep STDIN open even if not attached', { short: 'i' }),
  ipc: textFlag('IPC mode to use'),
  label: listFlag('Set meta data on a container', { short: 'l' }),
  'label-file': listFlag('Read in a line delimited file of labels'),
  memory: valueFlag('Memory limit', parseByteSize, { short: 'm', ...bytes }),
  'memory-reservation': valueFlag('Memory soft limit', parseByteSize, bytes),
  'memory-swap': valueFlag("Memory plus swap; '-1' for unlimited swap", parseByteSizeOrUnlimited, bytes),
  mount: listFlag('Attach a filesystem mount to the container', { placeholder: 'mount' }, parseMount),
  name: textFlag('Assign a name to the container'),
  network: textFlag('Network mode: none or host', { placeholder: 'network' }),
  net: textFlag('', { hidden: true }),
  'oom-score-adj': numberFlag("Tune the host's OOM preferences (-1000 to 1000)"),
  pid: textFlag('PID namespace to use'),
  'pids-limit': numberFlag('Tune container pids limit (-1 for unlimited)'),
  privileged: switchFlag('Give extended privileges to this container'),
  pull: valueFlag('Pull image before running: always, missing or never', parsePull),
  quiet: switchFlag('Suppress the pull output', { short: 'q' }),
  'read-only': switchFlag("Mount the container's root filesystem as read only"),
  restart: valueFlag('Restart policy: no', parseRestart),
  rm: switchFlag('Remove the container when it exits'),
  runtime: textFlag('Runtime to use for this container'),
  'security-opt': listFlag('Security options'),
  'shm-size': valueFlag('Size of /dev/shm', parseByteSize, bytes),
  'stop-signal': textFlag('Signal to stop the container'),
  'stop-timeout': numberFlag('Seconds to wait for the stop before killing'),
  sysctl: listFlag('Sysctl options', { placeholder: 'map' }, parsePair),
  tmpfs: listFlag('Mount a tmpfs directory', {}, parseTmpfs),
  tty: switchFlag('Allocate a pseudo-TTY', { short: 't' }),
  ulimit: listFlag('Ulimit options', { placeholder: 'ulimit' }, parseUlimit),
  user: textFlag('Username or UID (format: <name|uid>[:<group|gid>])', { short: 'u' }),
  uts: textFlag('UTS namespace to use'),
  volume: listFlag('Bind mount a volume', { short: 'v' }, (text) => parseVolume(text)),
  workdir: textFlag('Working directory inside the container', { short: 'w' }),
  'inject-failure': numberFlag('', { hidden: true }),
};

/** Flags of docker that would change the container and that we cannot honour yet: refused by name, never ignored. */
const notYet = [
  'add-host',
  'annotation',
  'blkio-weight',
  'cgroup-parent',
  'cgroupns',
  'cpuset-mems',
  'device',
  'device-cgroup-rule',
  'dns',
  'dns-option',
  'dns-search',
  'domainname',
  'expose',
  'gpus',
  'group-add',
  'health-cmd',
  'health-interval',
  'health-retries',
  'health-timeout',
  'ip',
  'link',
  'log-driver',
  'log-opt',
  'mac-address',
  'memory-swappiness',
  'network-alias',
  'platform',
  'publish',
  'storage-opt',
  'userns',
  'volume-driver',
  'volumes-from',
];
const notYetSwitches = ['init', 'no-healthcheck', 'oom-kill-disable', 'publish-all'];
const shorts: Readonly<Record<string, string>> = { publish: 'p', 'publish-all': 'P' };

/** Those, as flags whose use is an error. */
export const unsupportedFlags: Readonly<Record<string, FlagSpec<unknown>>> = Object.fromEntries([
  ...notYet.map((name) => [name, { ...valueFlag('', () => unsupported(name), options(name)) }]),
  ...notYetSwitches.map((name) => [name, { ...switchFlag('', options(name)), parse: () => unsupported(name) }]),
]) as Readonly<Record<string, FlagSpec<unknown>>>;

function options(name: string): { readonly hidden: true; readonly short?: string } {
  const short = shorts[name];
  return short === undefined ? { hidden: true } : { hidden: true, short };
}

function unsupported(name: string): never {
  throw new BerthError('unimplemented', `--${name} is not supported yet`, { code: 'flag_not_supported' });
}

function parseStream(text: string): string {
  const stream = text.toLowerCase();
  if (['stdin', 'stdout', 'stderr'].includes(stream)) return stream;
  throw new BerthError('invalid_argument', 'valid streams are STDIN, STDOUT and STDERR');
}

function parsePull(text: string): PullPolicy {
  if (text === 'always' || text === 'missing' || text === 'never') return text;
  throw new BerthError('invalid_argument', `'${text}' is none of always, missing and never`);
}

function parseRestart(text: string): string {
  if (text === 'no') return text;
  throw new BerthError('unimplemented', 'restart policies are not supported yet');
}
