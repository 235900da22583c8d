import { BerthError, tolerate } from '@berth/model/error';
import { inContainer, list, onHost } from '@berth/runtime/compile/step';
import type { Plan } from '@berth/runtime/plan/record';
import type { ShimConnection } from '@berth/runtime/shim/connection';
import type { Launcher } from '@berth/runtime/shim/launcher';
import type { Exit, Output } from '@berth/runtime/shim/message';

/** A program of the host that answers on its standard output. */
export interface HostProgram {
  /** Absolute. */
  readonly path: string;
  /** Behind its name. */
  readonly words?: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly input: string;
}

export interface ProgramEnd {
  /** 128+n when signal n ended it. */
  readonly code: number;
  readonly stdout: string;
  /** The last of it. */
  readonly stderr: string;
}

/** A result is a few kilobytes; more than this is not one. Bytes. */
const outputLimit = 1 << 20;
const noteLimit = 4096;

/**
 * Runs a program to its end, in a session of its own; when the signal is aborted it is killed with all that it started.
 * The launcher forks it: a fork of the daemon itself would hold its main thread for as long as its memory is large.
 * @throws the signal's reason; internal (`program_failed`) when it cannot be run
 */
export async function runProgram(launcher: Launcher, program: HostProgram, signal: AbortSignal): Promise<ProgramEnd> {
  signal.throwIfAborted();
  const said = { stdout: new Tail('first', outputLimit), stderr: new Tail('last', noteLimit) };
  const ended = Promise.withResolvers<Exit>();
  await using shim = await launcher.shim({
    onOutput: ({ stream, bytes }: Output) => said[stream].push(bytes),
    onExit: ended.resolve,
    onClose: () => ended.reject(notRun(program, 'its shim has ended')),
  });
  ended.promise.catch(() => undefined); // when the start itself fails
  const { pid } = await shim.start(planOf(program), { stdin: true, output: true }).catch((cause: Error) => {
    throw notRun(program, cause.message, cause);
  });
  // Its own session's group: what it has started goes with it.
  const kill = () => void tolerate(['ESRCH'], () => process.kill(-pid, 'SIGKILL'));
  signal.addEventListener('abort', kill);
  try {
    if (signal.aborted) kill();
    // One that does not read its input still has an end to tell.
    feed(shim, program.input).catch(() => undefined);
    const { code } = await ended.promise;
    signal.throwIfAborted();
    return { code, stdout: said.stdout.text(), stderr: said.stderr.text() };
  } finally {
    signal.removeEventListener('abort', kill);
  }
}

async function feed(shim: ShimConnection, input: string): Promise<void> {
  await shim.writeStdin(0, Buffer.from(input));
  await shim.closeStdin(0);
}

function planOf({ path, words = [], env }: HostProgram): Plan {
  const variables = Object.entries(env).map(([key, value]) => `${key}=${value}`);
  return {
    records: [
      onHost('stdio', { stdin: 1, terminal: 0 }),
      onHost('spawn', { flags: 0, cgroup: '' }),
      inContainer('setsid', {}),
      inContainer('stdio_attach', { uid: 0, gid: 0 }),
      inContainer('chdir', { path: '/' }),
      inContainer('execve', { candidates: list([path]), argv: list([path, ...words]), env: list(variables) }),
    ],
  };
}

function notRun({ path }: HostProgram, why: string, cause?: unknown): BerthError {
  return new BerthError('internal', `${path} cannot be run: ${why}`, {
    code: 'program_failed',
    cause,
  });
}

/** Keeps the first or the last bytes of a stream. */
class Tail {
  readonly #end: 'first' | 'last';
  readonly #limit: number;
  #kept = Buffer.alloc(0);

  constructor(end: 'first' | 'last', limit: number) {
    this.#end = end;
    this.#limit = limit;
  }

  push(bytes: Uint8Array): void {
    if (this.#end === 'first' && this.#kept.length >= this.#limit) return;
    const all = Buffer.concat([this.#kept, bytes]);
    this.#kept = this.#end === 'first' ? all.subarray(0, this.#limit) : all.subarray(-this.#limit);
  }

  text(): string {
    return this.#kept.toString().trim();
  }
}
