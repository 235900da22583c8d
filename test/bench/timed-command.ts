import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { text } from 'node:stream/consumers';

const source = path.join(import.meta.dirname, 'programs/time_command.c');
const program = path.join(import.meta.dirname, '../../build/test/time-command');

/**
 * Milliseconds that a whole command takes, without the fork of this process. With `errors`, what it says goes to that
 * file: for commands that leave a process behind which would hold a pipe open. @throws Error with what it said
 */
export async function timedCommand(argv: readonly string[], env: NodeJS.ProcessEnv, errors?: string): Promise<number> {
  build();
  const file = errors === undefined ? undefined : openSync(errors, 'w+');
  try {
    const child = spawn(program, argv, { env, stdio: ['ignore', 'ignore', file ?? 'pipe', 'pipe'] });
    const [, , stderr, time] = child.stdio;
    const [said, printed, [code]] = await Promise.all([
      stderr === null ? '' : text(stderr),
      text(time as NodeJS.ReadableStream),
      once(child, 'close'),
    ]);
    const why = errors === undefined ? said : readFileSync(errors, 'utf8');
    if (code !== 0) throw new Error(`${argv.join(' ')}: ${why.trim()}`);
    return Number(printed) / 1e6;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

function build(): void {
  if (existsSync(program) && statSync(program).mtimeMs > statSync(source).mtimeMs) return;
  mkdirSync(path.dirname(program), { recursive: true });
  execFileSync('cc', ['-O2', '-Wall', '-o', program, source]);
}
