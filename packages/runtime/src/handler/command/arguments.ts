import path from 'node:path';
import type { CommandRuntimeOptions } from './options.ts';

/** Files of a container that a command reads or writes, in the container's own folder. */
export interface CommandFiles {
  readonly pid: string;
  readonly log: string;
  /** The process of an exec. */
  readonly process: string;
  /** Where the shim waits for the terminal's master. */
  readonly console: string;
}

/** @param exec number of the exec; absent: the first process */
export function commandFiles(folder: string, exec?: number): CommandFiles {
  const stem = path.join(folder, exec === undefined ? 'create' : `exec-${exec}`);
  return { pid: `${stem}.pid`, log: `${stem}.log`, process: `${stem}.json`, console: `${stem}.tty` };
}

/** The words before the verb. */
export function globalArguments({ binary, root }: CommandRuntimeOptions, log: string): string[] {
  return [binary, '--root', root, '--log', log, '--log-format', 'json'];
}

export interface CreateWords {
  readonly id: string;
  readonly bundle: string;
  readonly files: CommandFiles;
  readonly terminal: boolean;
  /** Its cgroup is a scope that the runtime has systemd make. */
  readonly systemd?: boolean;
}

export function createArguments(
  options: CommandRuntimeOptions,
  { id, bundle, files, terminal, systemd }: CreateWords,
): string[] {
  const console = terminal ? ['--console-socket', files.console] : [];
  return [
    ...globalArguments(options, files.log),
    ...(systemd ? ['--systemd-cgroup'] : []),
    'create',
    '--bundle',
    bundle,
    '--pid-file',
    files.pid,
    ...console,
    id,
  ];
}

export function startArguments(options: CommandRuntimeOptions, { id, files }: CreateWords): string[] {
  return [...globalArguments(options, files.log), 'start', id];
}

/** Detached: the process is the shim's child once the command has ended. */
export function execArguments(
  options: CommandRuntimeOptions,
  { id, files, terminal }: Omit<CreateWords, 'bundle'>,
): string[] {
  const console = terminal ? ['--console-socket', files.console] : [];
  return [
    ...globalArguments(options, files.log),
    'exec',
    '--detach',
    '--process',
    files.process,
    '--pid-file',
    files.pid,
    ...console,
    id,
  ];
}
