import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { asError, BerthError, isKind } from '@berth/model/error';
import { ShimConnection, type ShimHandlers } from './connection.ts';
import { sealedCopy } from './sealed-copy.ts';

export interface LauncherOptions {
  /** Path of the `berth-launcher` program. */
  readonly binary: string;
  /** Absolute path for its socket, at most 107 bytes. */
  readonly socket: string;
}

/**
 * The native launcher, from which shims are forked. It ends with this process, however that ends,
 * because its standard input does; the shims stay. One that somebody kills is replaced at the next start.
 */
export class Launcher {
  readonly #options: LauncherOptions;
  #running: Running;
  #reviving: Promise<void> | undefined;
  #closed = false;

  private constructor(options: LauncherOptions, running: Running) {
    this.#options = options;
    this.#running = running;
  }

  /** Resolves when the socket accepts; `unavailable` when the program cannot be started. */
  static async start(options: LauncherOptions): Promise<Launcher> {
    return new Launcher(options, await run(options));
  }

  get pid(): number {
    return this.#running.child.pid!;
  }

  /** A new shim, which ends with the connection unless a plan is started on it. */
  async shim(handlers: ShimHandlers = {}): Promise<ShimConnection> {
    try {
      return await ShimConnection.connect(this.#options.socket, handlers);
    } catch (error) {
      if (this.#closed || !isKind(error, 'unavailable')) throw error;
      await (this.#reviving ??= this.#revive().finally(() => (this.#reviving = undefined)));
      return await ShimConnection.connect(this.#options.socket, handlers);
    }
  }

  /** Ends the launcher, not its shims. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#reviving?.catch(() => undefined);
    const { child, exited } = this.#running;
    child.ref();
    child.stdin?.destroy();
    await exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Only one may hold the socket: what does not answer is ended first. */
  async #revive(): Promise<void> {
    const { child, exited } = this.#running;
    child.kill('SIGKILL');
    await exited;
    this.#running = await run(this.#options);
  }
}

function spawnCopy(options: LauncherOptions) {
  try {
    using program = sealedCopy(options.binary);
    return spawn(program.path, [options.socket], {
      argv0: 'berth-launcher',
      stdio: ['pipe', 'pipe', 'inherit'],
      detached: true,
    });
  } catch (error) {
    return fail(options, asError(error).message);
  }
}

interface Running {
  readonly child: ChildProcess;
  readonly exited: Promise<unknown>;
}

async function run(options: LauncherOptions): Promise<Running> {
  // Its own session: Ctrl-C in the daemon's terminal must not reach it, nor the shims forked from it.
  const child = spawnCopy(options);
  const exited = once(child, 'exit');
  const failed = exited.then(
    ([code]) => fail(options, `ended with ${String(code)}`),
    (error: unknown) => fail(options, String(error)),
  );
  await Promise.race([once(child.stdout, 'data'), failed]);
  failed.catch(() => undefined); // from here on an exit is `close`, or shows at the next connect
  child.stdout.destroy();
  // The pipe of one that was killed: its end shows as an exit.
  child.stdin.on('error', () => undefined);
  child.unref();
  (child.stdin as unknown as { unref(): void }).unref();
  return { child, exited };
}

function fail(options: LauncherOptions, reason: string): never {
  throw new BerthError('unavailable', `launcher ${options.binary} on ${options.socket}: ${reason}`, {
    code: 'launcher_failed',
  });
}
