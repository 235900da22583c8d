import { spawn } from 'node:child_process';
import { accessSync, constants, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { asError, BerthError, errnoName, tolerate } from '@berth/model/error';

/** How much of criu's log an error shows. */
const shownErrors = 3;

export interface CriuRun {
  /** Where criu writes its log. */
  readonly log: string;
  /** One of our descriptors, which criu gets as 3. */
  readonly statusFd?: number;
}

/** Runs criu to its end. @throws failed_precondition (`no_criu`, `criu_failed`) with what its log says */
export async function runCriu(words: readonly string[], { log, statusFd = -1 }: CriuRun): Promise<void> {
  const stdio = ['ignore' as const, 'ignore' as const, 'ignore' as const, ...(statusFd >= 0 ? [statusFd] : [])];
  const child = spawn('criu', words, { stdio });
  const end = await new Promise<number | string>((resolve) => {
    child.once('error', (error) => resolve(errnoName(error) ?? asError(error).message));
    child.once('exit', (code, signal) => resolve(code ?? signal ?? -1));
  });
  if (end === 'ENOENT') throw noCriu();
  if (end !== 0) throw criuFailed(words[0]!, log, end);
}

/** The criu program in PATH. */
export function findCriu(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const candidates = (env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, 'criu'));
  return candidates.find((path) => tolerate(['ENOENT', 'EACCES', 'ENOTDIR'], () => accessSync(path, constants.X_OK)));
}

export function noCriu(): BerthError {
  return new BerthError('failed_precondition', 'criu is not installed: executable file not found in $PATH', {
    code: 'no_criu',
    hint: 'checkpoint and restore need the criu program',
  });
}

/** An error that names the log, and shows its last errors. */
export function criuFailed(action: string, log: string, end: number | string): BerthError {
  const errors = logErrors(log);
  const said = errors.length === 0 ? '' : `: ${errors.join('; ')}`;
  return new BerthError('failed_precondition', `criu ${action} failed (${end})${said}`, {
    code: 'criu_failed',
    hint: `see ${log}`,
  });
}

/** The text of the first lines that are errors, without their time: the first is the cause, later ones follow from it. */
export function logErrors(log: string): string[] {
  let text = '';
  tolerate(['ENOENT', 'EACCES'], () => (text = readFileSync(log, 'utf8')));
  const errors = text.split('\n').filter((line) => /\bError \(/.test(line));
  return errors.slice(0, shownErrors).map((line) => line.replace(/^.*?\bError \([^)]*\): /, '').trim());
}
