import type { ProcessSpec } from '@berth/model/runtime-spec';
import type { PlanRecord } from '../plan/record.ts';
import { invalid } from './invalid.ts';
import { inContainer, list } from './step.ts';

/** Where a bare name is looked for when the process has no PATH of its own; docker's default. */
export const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The end of every container track: the program itself. */
export function programRecord(process: ProcessSpec): PlanRecord {
  return inContainer('execve', {
    candidates: list(programCandidates(process)),
    argv: list(process.args.map((one, index) => checked(one, `process.args[${index}]`))),
    env: list(lastOfEach(process.env.map((one, index) => checked(one, `process.env[${index}]`)))),
  });
}

/** The files that the process may be, in the order they are tried. */
export function programCandidates(process: ProcessSpec): string[] {
  const [program] = process.args;
  if (program === undefined) throw invalid('process.args', 'is empty: there is nothing to run');
  if (program === '') throw invalid('process.args[0]', 'is empty: there is nothing to run');
  return candidates(program, process.env);
}

/**
 * The files to try, in order. A name with a slash is itself the only one; relative it is resolved
 * from the working folder, which is entered before. Relative PATH entries are passed over, as runc
 * does: they would run whatever lies in the working folder.
 */
export function candidates(program: string, env: readonly string[]): string[] {
  if (program.includes('/')) return [program];
  const path = env.findLast((one) => one.startsWith('PATH='))?.slice('PATH='.length);
  const folders = (path ?? defaultPath).split(':').filter((folder) => folder.startsWith('/'));
  const unique = [...new Set(folders.map((folder) => folder.replace(/\/*$/, '')))];
  if (unique.length === 0) {
    throw invalid('process.args[0]', `cannot look for ${program}: PATH has no absolute folder`);
  }
  return unique.map((folder) => `${folder}/${program}`);
}

/** getenv(3) sees the first of two values of a name; docker and runc let the last one win. */
function lastOfEach(env: readonly string[]): string[] {
  const byName = new Map<string, string>();
  for (const one of env) byName.set(one.split('=', 1)[0] ?? one, one);
  return [...byName.values()];
}

function checked(value: string, path: string): string {
  if (value.includes('\0')) throw invalid(path, 'holds a NUL');
  return value;
}
