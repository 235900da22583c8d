import { spawn } from 'node:child_process';
import { commandPatience } from './patience.ts';

export interface CommandOptions {
  /** Standard input; absent: an empty one. */
  readonly input?: string | Uint8Array;
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Milliseconds until it is killed; a minute when absent. */
  readonly timeout?: number;
}

export interface Ran {
  /** 128 plus the number for a signal is left to shells: a killed command has -1. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command to its end. A failure is a result here. @throws Error when it takes too long */
export async function runCommand(argv: readonly string[], options: CommandOptions = {}): Promise<Ran> {
  const { input, env, cwd, timeout = commandPatience } = options;
  const [program, ...args] = argv;
  const child = spawn(program!, args, { env: env ?? process.env, cwd, stdio: ['pipe', 'pipe', 'pipe'] });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
  // A command that does not read its input closes it early.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input ?? '');
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    child.kill('SIGKILL');
  }, timeout);
  const code = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    // Not 'close': a daemon that the command starts may keep the pipes.
    child.once('exit', (status) => setImmediate(() => resolve(status ?? -1)));
  }).finally(() => clearTimeout(timer));
  await Promise.all([drained(child.stdout), drained(child.stderr)]);
  const ran = { code, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() };
  if (late) throw new Error(`${argv.join(' ')}: no end within ${timeout} ms\n${ran.stdout}${ran.stderr}`);
  return ran;
}

async function drained(stream: NodeJS.ReadableStream & { readonly readableEnded?: boolean; destroy?: () => void }) {
  if (stream.readableEnded === true) return;
  const patience = setTimeout(() => stream.destroy?.(), 500);
  await new Promise<void>((resolve) => stream.once('close', resolve).once('end', resolve));
  clearTimeout(patience);
}
