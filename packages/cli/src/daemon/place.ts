import { readFileSync } from 'node:fs';
import path from 'node:path';
import { BerthError } from '@berth/model/error';

/** Where the daemon's socket and folders are. */
export interface DaemonPlace {
  readonly socket: string;
  readonly run: string;
  /** Absent: the daemon's own default or configuration. */
  readonly root: string | undefined;
}

export interface PlaceFlags {
  readonly host?: string | undefined;
  readonly root?: string | undefined;
  readonly run?: string | undefined;
}

/** The daemon's configuration, as `berthd` looks for it. */
const defaultConfigFile = '/etc/berth/berthd.toml';

/** Flags win over the environment, that over the daemon's configuration file. @throws invalid_argument */
export function findPlace(flags: PlaceFlags, env: NodeJS.ProcessEnv): DaemonPlace {
  const host = flags.host ?? env['BERTH_HOST'] ?? env['BERTH_SOCKET'];
  const given = flags.run ?? env['BERTH_RUN'];
  const file = host !== undefined && given !== undefined ? {} : readSettings(env['BERTH_CONFIG'] ?? defaultConfigFile);
  const run = absolute(given ?? file['run'] ?? '/run/berth', '--run');
  const root = flags.root ?? env['BERTH_ROOT'];
  const socket = host === undefined ? undefined : socketPath(host);
  return {
    run,
    root: root === undefined ? undefined : absolute(root, '--root'),
    socket: socket ?? (given === undefined ? file['socket'] : undefined) ?? path.join(run, 'berth.sock'),
  };
}

function socketPath(host: string): string {
  const rest = host.startsWith('unix://') ? host.slice('unix://'.length) : host;
  if (path.isAbsolute(rest)) return rest;
  throw new BerthError('invalid_argument', `cannot use the host '${host}'`, {
    code: 'bad_host',
    hint: 'give a socket: unix:///run/berth/berth.sock or its path',
  });
}

function absolute(value: string, name: string): string {
  if (path.isAbsolute(value)) return path.normalize(value);
  throw new BerthError('invalid_argument', `${name} must be an absolute path, not '${value}'`);
}

/**
 * The text keys at the top of the TOML file. A whole TOML parser would cost every command more than it reads;
 * the daemon checks the file properly and names its faults.
 */
function readSettings(file: string): Readonly<Record<string, string>> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    // Absent is usual; unreadable is the daemon's to report.
    return {};
  }
  const top = text.split(/^\s*\[/m, 1)[0] ?? '';
  const pairs = top.matchAll(/^\s*(\w+)\s*=\s*(?:"([^"\\]*)"|'([^']*)')/gm);
  return Object.fromEntries([...pairs].map(([, key = '', double, single]) => [key, double ?? single ?? '']));
}
