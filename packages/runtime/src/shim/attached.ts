import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { asError, BerthError } from '@berth/model/error';
import { ShimConnection, type ShimHandlers } from './connection.ts';
import { sealedCopy } from './sealed-copy.ts';

export interface AttachedOptions {
  /** Path of the `berth-launcher` program. */
  readonly binary: string;
  /** So many descriptors from 3 on are for the process, besides the standard streams; they must be open. */
  readonly preserve?: number;
}

/**
 * A shim of our own, a child of this process, which has this process's standard streams for its `stdio_inherit`
 * (docs/shim.md, `--attached`). Its one client is this connection: `leave` ends the shim and leaves a process that is
 * created or runs to the subreaper; `close` does the same, and ends a start that is neither.
 */
export class AttachedShim extends ShimConnection {
  readonly #exited: Promise<unknown>;

  private constructor(socket: Socket, handlers: ShimHandlers, exited: Promise<unknown>) {
    super(socket, handlers);
    this.#exited = exited;
  }

  /** @throws unavailable (`launcher_failed`) when the program cannot be run or a descriptor is not open */
  static async spawn({ binary, preserve = 0 }: AttachedOptions, handlers: ShimHandlers = {}): Promise<AttachedShim> {
    const kept = Array.from({ length: 3 + preserve }, (_, fd) => fd);
    try {
      using program = sealedCopy(binary);
      const child = spawn(program.path, ['--attached', String(kept.length)], {
        argv0: 'berth-launcher',
        stdio: [...kept, 'pipe'],
      });
      const exited = new Promise((resolve) => child.once('exit', resolve));
      await once(child, 'spawn');
      return new AttachedShim(child.stdio[kept.length] as unknown as Socket, handlers, exited);
    } catch (cause) {
      throw new BerthError('unavailable', `launcher ${binary}: ${asError(cause).message}`, {
        code: 'launcher_failed',
        cause,
      });
    }
  }

  /** Resolves when the shim has ended, so that the process has its new parent. */
  override async leave(): Promise<void> {
    await super.leave();
    await this.#exited;
  }

  override async close(): Promise<void> {
    await super.close();
    await this.#exited;
  }
}
