import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { BerthError } from '@berth/model/error';
import { ShimConnection, type ShimHandlers } from './connection.ts';

export interface LauncherOptions {
  /** Path of the `berth-launcher` program. */
  readonly binary: string;
  /** Absolute path for its socket, at most 107 bytes. */
  readonly socket: string;
}

/**
 * The native launcher, from which shims are forked. It ends with this process, however that ends,
 * because its standard input does; the shims stay.
 */
export class Launcher {
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;
  readonly #socket: string;

  private constructor(child: ChildProcess, socket: string) {
    this.#child = child;
    this.#socket = socket;
    this.#exited = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : Promise.resolve();
  }

  /** Resolves when the socket accepts; `unavailable` when the program cannot be started. */
  static async start(options: LauncherOptions): Promise<Launcher> {
    // Its own session: Ctrl-C in the daemon's terminal must not reach it, nor the shims forked from it.
    const child = spawn(options.binary, [options.socket], { stdio: ['pipe', 'pipe', 'inherit'], detached: true });
    const failed = once(child, 'exit').then(
      ([code]) => fail(options, `ended with ${String(code)}`),
      (error: unknown) => fail(options, String(error)),
    );
    await Promise.race([once(child.stdout, 'data'), failed]);
    failed.catch(() => undefined); // from here on an exit is `close`, or shows at the next connect
    child.stdout.destroy();
    child.unref();
    (child.stdin as unknown as { unref(): void }).unref();
    return new Launcher(child, options.socket);
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** A new shim, which ends with the connection unless a plan is started on it. */
  shim(handlers: ShimHandlers = {}): Promise<ShimConnection> {
    return ShimConnection.connect(this.#socket, handlers);
  }

  /** Ends the launcher, not its shims. */
  async close(): Promise<void> {
    this.#child.ref();
    this.#child.stdin?.destroy();
    await this.#exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

function fail(options: LauncherOptions, reason: string): never {
  throw new BerthError('unavailable', `launcher ${options.binary} on ${options.socket}: ${reason}`, {
    code: 'launcher_failed',
  });
}
