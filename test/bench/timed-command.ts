import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { text } from 'node:stream/consumers';

const source = path.join(import.meta.dirname, 'programs/time_command.c');
const program = path.join(import.meta.dirname, '../../build/test/time-command');

/** Milliseconds that a whole command takes, without the fork of this process. @throws Error with what it said */
export async function timedCommand(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  build();
  const child = spawn(program, argv, { env, stdio: ['ignore', 'ignore', 'pipe', 'pipe'] });
  const [, , stderr, time] = child.stdio;
  const [said, printed, [code]] = await Promise.all([
    text(stderr!),
    text(time as NodeJS.ReadableStream),
    once(child, 'close'),
  ]);
  if (code !== 0) throw new Error(`${argv.join(' ')}: ${said.trim()}`);
  return Number(printed) / 1e6;
}

function build(): void {
  if (existsSync(program) && statSync(program).mtimeMs > statSync(source).mtimeMs) return;
  mkdirSync(path.dirname(program), { recursive: true });
  execFileSync('cc', ['-O2', '-Wall', '-o', program, source]);
}
