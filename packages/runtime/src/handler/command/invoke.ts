import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { asError, errnoName } from '@berth/model/error';
import { globalArguments } from './arguments.ts';
import { verbRefused } from './failure.ts';
import { readLastError } from './log.ts';
import { missing } from './missing.ts';
import type { CommandRuntimeOptions } from './options.ts';

/** A verb is a few system calls; one that takes longer than this hangs, ms. */
const usualPatience = 60_000;

let count = 0;

export interface Invocation {
  /** Where the log of this call goes; taken away again. */
  readonly folder: string;
  /** The verb and what follows it. */
  readonly words: readonly string[];
  readonly input?: string;
  /** Milliseconds after which it is ended, where that is not a minute. */
  readonly patience?: number;
}

/** Runs one verb to its end and gives what it printed. @throws in the runtime's words */
export async function invoke(options: CommandRuntimeOptions, invocation: Invocation): Promise<string> {
  const { folder, words } = invocation;
  const log = path.join(folder, `${words[0]}-${process.pid}-${count++}.log`);
  const [program = '', ...args] = [...globalArguments(options, log), ...words];
  try {
    return await run(program, args, invocation);
  } catch (cause) {
    if (errnoName(cause) === 'ENOENT' || errnoName(cause) === 'EACCES') throw missing(options, cause);
    const said = (cause as { readonly stderr?: string }).stderr?.trim().split('\n').at(-1);
    const text = (await readLastError(log)) ?? (said || asError(cause).message);
    throw verbRefused(options.name, `${words[0]}: ${text}`, cause);
  } finally {
    await rm(log, { force: true });
  }
}

function run(
  program: string,
  args: readonly string[],
  { input, patience = usualPatience }: Invocation,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const settings = { timeout: patience, killSignal: 'SIGKILL', maxBuffer: 16 << 20, cwd: '/' } as const;
    const child = execFile(program, [...args], settings, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(Object.assign(error, { stderr }));
    });
    // A program that is not there, or does not read, is told by its exit.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input ?? '');
  });
}
