import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import path from 'node:path';
import { text } from 'node:stream/consumers';

export const program = path.join(import.meta.dirname, '../../packages/cli/src/main.ts');

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
}

/** The command as a process, against the daemon on the socket. As bin/berth does: without `--` Node takes --env-file. */
export function startBerth(
  socket: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): ChildProcessWithoutNullStreams {
  return spawn(process.execPath, ['--', program, ...args], {
    env: { ...process.env, BERTH_HOST: socket, BERTH_RUN: '/nonexistent/run', ...env },
    stdio: 'pipe',
  });
}

/** Until the process ends. With `input`, that is its standard input, to the end. */
export async function whenEnded(child: ChildProcessWithoutNullStreams, input?: string): Promise<Ended> {
  if (input !== undefined) child.stdin.end(input);
  const ended = new Promise<Pick<Ended, 'code' | 'signal'>>((resolve) =>
    child.once('close', (code, signal) => resolve({ code, signal })),
  );
  const [out, err, end] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { ...end, out, err };
}

export interface RunOptions {
  readonly input?: string;
  readonly env?: NodeJS.ProcessEnv;
}

export async function berth(
  socket: string,
  args: readonly string[],
  options: RunOptions | string = {},
): Promise<Ended> {
  const { input = '', env = {} } = typeof options === 'string' ? { input: options } : options;
  return await whenEnded(startBerth(socket, args, env), input);
}
