import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { BerthError, errnoName } from '@berth/model/error';
import { parse as parseToml } from 'smol-toml';
import type { NetworkSettings } from '#service/network/settings';
import * as v from 'valibot';
import { criSchema, readCriSettings, type CriSettings } from './cri-settings.ts';
import { networkSchema, readNetworkSettings } from './network-settings.ts';
import { readServeSettings, serveSchema, type ServeSettings } from './serve-settings.ts';

/** Settings of one daemon. Flags win over the environment, the environment over the file. */
export interface DaemonConfig {
  /** Images, snapshots, records, logs: what outlives a reboot. */
  readonly root: string;
  /** Sockets and journals: what need not. */
  readonly run: string;
  readonly socket: string;
  readonly logLevel: LogLevel;
  readonly snapshotter: 'auto' | 'overlayfs' | 'native';
  /** Below this folder of every cgroup hierarchy the containers live. */
  readonly cgroupParent: string;
  readonly log: { readonly maxBytes: number; readonly maxFiles: number };
  /** Programs with runc's command line that may run containers, by the name that a container asks for. */
  readonly runtimes: Readonly<Record<string, RuntimeProgram>>;
  readonly registry: RegistrySettings;
  /** Absent: by `berth serve` only. */
  readonly serve?: ServeSettings | undefined;
  /** Of pods. */
  readonly network: NetworkSettings;
  readonly cri: CriSettings;
  /** Layers that are downloaded at once. */
  readonly concurrentDownloads: number;
  /** Collect garbage after every write: for tests. */
  readonly collectAlways: boolean;
  /** A file with what tells this boot of the machine from others, instead of the kernel's: for tests of power cuts. */
  readonly bootIdFile?: string | undefined;
}

export interface RegistrySettings {
  /** Folders with a folder per registry host, as containerd and docker have them: mirrors, CAs, client certificates. */
  readonly hostFolders: readonly string[];
  /** A file as docker's config.json; where users keep theirs when absent. */
  readonly credentials?: string | undefined;
}

export interface RuntimeProgram {
  readonly binary: string;
  /** Folder of its state; one of the run folder when absent. */
  readonly root?: string | undefined;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

const absolutePath = v.pipe(v.string(), v.startsWith('/', 'must be an absolute path'));
const level = v.picklist(['debug', 'info', 'warn', 'error']);
const wholeNumber = v.pipe(v.number(), v.integer(), v.minValue(0));

/** What a container may ask for on a command line; `berth` is our own. */
const runtimeName = v.pipe(
  v.string(),
  v.regex(/^[a-z0-9][a-z0-9._-]*$/i, 'a name has letters, digits, dots, dashes and underscores'),
  v.notValue('berth', "is Berth's own runtime: choose another name"),
);

const fileSchema = v.strictObject({
  root: v.optional(absolutePath),
  run: v.optional(absolutePath),
  socket: v.optional(absolutePath),
  log_level: v.optional(level),
  snapshotter: v.optional(v.picklist(['auto', 'overlayfs', 'native'])),
  cgroup_parent: v.optional(absolutePath),
  container_log: v.optional(v.strictObject({ max_bytes: v.optional(wholeNumber), max_files: v.optional(wholeNumber) })),
  registry: v.optional(
    v.strictObject({ hosts: v.optional(v.array(absolutePath)), credentials: v.optional(absolutePath) }),
  ),
  image: v.optional(v.strictObject({ concurrent_downloads: v.optional(v.pipe(wholeNumber, v.minValue(1))) })),
  serve: v.optional(serveSchema),
  cri: v.optional(criSchema),
  network: v.optional(networkSchema),
  runtimes: v.optional(v.record(runtimeName, v.strictObject({ binary: absolutePath, root: v.optional(absolutePath) }))),
});

type FileSettings = v.InferOutput<typeof fileSchema>;

const defaultRoot = '/var/lib/berth';
/** Ours, then what containerd and docker on this machine go by. */
const defaultHostFolders = ['/etc/berth/certs.d', '/etc/containerd/certs.d', '/etc/docker/certs.d'];
export const defaultConfigFile = '/etc/berth/berthd.toml';

/** @throws invalid_argument naming the flag, variable or key */
export function readConfig(argv: readonly string[], env: NodeJS.ProcessEnv): DaemonConfig {
  const flags = parseFlags(argv);
  const file = readSettings(flags.config ?? env['BERTH_CONFIG']);
  const root = absolute(flags.root ?? env['BERTH_ROOT'] ?? file.root ?? defaultRoot, 'root');
  const run = absolute(flags.run ?? env['BERTH_RUN'] ?? file.run ?? '/run/berth', 'run');
  const socket = absolute(flags.socket ?? env['BERTH_SOCKET'] ?? file.socket ?? path.join(run, 'berth.sock'), 'socket');
  return {
    root,
    run,
    socket,
    logLevel: checkLevel(flags['log-level'] ?? env['BERTH_LOG_LEVEL'] ?? file.log_level ?? 'info'),
    snapshotter: checkSnapshotter(flags.snapshotter ?? env['BERTH_SNAPSHOTTER'] ?? file.snapshotter ?? 'auto'),
    cgroupParent: absolute(env['BERTH_CGROUP_PARENT'] ?? file.cgroup_parent ?? ownCgroupParent(root), 'cgroup_parent'),
    log: {
      maxBytes: file.container_log?.max_bytes ?? 20 << 20,
      maxFiles: file.container_log?.max_files ?? 5,
    },
    runtimes: file.runtimes ?? {},
    registry: { hostFolders: file.registry?.hosts ?? defaultHostFolders, credentials: file.registry?.credentials },
    concurrentDownloads: file.image?.concurrent_downloads ?? 3,
    serve: file.serve === undefined ? undefined : readServeSettings(file.serve),
    cri: readCriSettings(file.cri, { socket, runtimes: Object.keys(file.runtimes ?? {}) }),
    network: readNetworkSettings(file.network),
    collectAlways: env['BERTH_COLLECT_ALWAYS'] === '1',
    bootIdFile: env['BERTH_BOOT_ID_FILE'],
  };
}

/** Each engine has a parent of its own: one that ends removes it, and must not pull it away from another. */
function ownCgroupParent(root: string): string {
  if (root === defaultRoot) return '/berth';
  return `/berth-${createHash('sha256').update(root).digest('hex').slice(0, 8)}`;
}

function parseFlags(argv: readonly string[]): Partial<Record<string, string>> {
  const text = { type: 'string' } as const;
  try {
    const options = { root: text, run: text, socket: text, config: text, 'log-level': text, snapshotter: text };
    return parseArgs({ args: [...argv], options, allowPositionals: false }).values;
  } catch (cause) {
    throw new BerthError('invalid_argument', cause instanceof Error ? cause.message : String(cause), {
      hint: 'berthd takes --root, --run, --socket, --config, --log-level and --snapshotter',
      cause,
    });
  }
}

function readSettings(named: string | undefined): FileSettings {
  const file = named ?? defaultConfigFile;
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    if (named === undefined && errnoName(cause) === 'ENOENT') return {};
    throw new BerthError('invalid_argument', `cannot read the configuration ${file}`, { cause });
  }
  return parseSettings(file, text);
}

/** @throws invalid_argument naming the file and the key */
export function parseSettings(file: string, text: string): FileSettings {
  let parsed: unknown;
  try {
    parsed = parseToml(text);
  } catch (cause) {
    throw new BerthError('invalid_argument', `${file} is not TOML: ${(cause as Error).message.split('\n')[0]}`, {
      cause,
    });
  }
  const result = v.safeParse(fileSchema, parsed);
  if (result.success) return result.output;
  const issue = result.issues[0];
  throw new BerthError('invalid_argument', `${file}: ${v.getDotPath(issue) ?? 'file'}: ${issue.message}`, {
    code: 'bad_configuration',
    hint: 'berthd.example.toml shows every key',
  });
}

function absolute(value: string, name: string): string {
  if (path.isAbsolute(value)) return path.normalize(value).replace(/(?<=.)\/$/, '');
  throw new BerthError('invalid_argument', `${name} must be an absolute path, not '${value}'`);
}

function checkLevel(value: string): LogLevel {
  if (v.is(level, value)) return value;
  throw new BerthError('invalid_argument', `unknown log level '${value}'`, { hint: 'debug, info, warn or error' });
}

function checkSnapshotter(value: string): DaemonConfig['snapshotter'] {
  if (value === 'auto' || value === 'overlayfs' || value === 'native') return value;
  throw new BerthError('invalid_argument', `unknown snapshotter '${value}'`, { hint: 'auto, overlayfs or native' });
}
