import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import path from 'node:path';
import { mkdtempSync, rmSync } from 'node:fs';
import { commandPatience } from './patience.ts';
import type { Engine } from './engine.ts';

/** A `berth serve` on a free port. */
export class Serve implements AsyncDisposable {
  /** `HOST:PORT`. */
  readonly address: string;
  readonly #child: ChildProcess;
  readonly #output: () => string;

  private constructor(child: ChildProcess, address: string, output: () => string) {
    this.#child = child;
    this.address = address;
    this.#output = output;
  }

  get port(): number {
    return Number(this.address.slice(this.address.lastIndexOf(':') + 1));
  }

  /** Standard output and error so far. */
  get output(): string {
    return this.#output();
  }

  /** @throws Error with what it said when it does not come up */
  static async start(engine: Engine, flags: readonly string[] = []): Promise<Serve> {
    const { argv, env } = engine.command(['serve', '--listen', '127.0.0.1:0', ...flags]);
    const [program, ...args] = argv as [string, ...string[]];
    const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const look = (chunk: Buffer): void => {
      output += chunk.toString();
      const address = /on https?:\/\/(\S+);/.exec(output)?.[1];
      if (address !== undefined) resolve(address);
    };
    child.stdout.on('data', look);
    child.stderr.on('data', look);
    child.once('exit', (code) => reject(new Error(`berth serve ended with ${code}: ${output}`)));
    const timer = setTimeout(() => reject(new Error(`berth serve does not come up: ${output}`)), commandPatience);
    const address = await promise.finally(() => clearTimeout(timer));
    return new Serve(child, address, () => output);
  }

  /** As Ctrl-C does. @returns its exit code */
  async stop(): Promise<number | null> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const exited = once(this.#child, 'exit');
      this.#child.kill('SIGINT');
      await exited;
    }
    return this.#child.exitCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

export interface Forward extends AsyncDisposable {
  /** `HOST:PORT`; of a unix socket its path. */
  readonly address: string;
  /** Bytes that came from clients. */
  readonly received: () => number;
}

/** A port of loopback that leads to a unix socket, for clients that know no other; or another unix socket. */
export async function forwardTo(socketPath: string, from?: string): Promise<Forward> {
  let received = 0;
  const open = new Set<net.Socket>();
  const server = net.createServer((near) => {
    const far = net.connect(socketPath);
    near.on('data', (chunk: Buffer) => (received += chunk.length));
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(one);
      one.on('error', () => other.destroy()).on('close', () => open.delete(one));
      one.pipe(other);
    }
  });
  await once(from === undefined ? server.listen(0, '127.0.0.1') : server.listen(from), 'listening');
  const at = server.address();
  return {
    address: typeof at === 'string' ? at : `127.0.0.1:${at?.port}`,
    received: () => received,
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A folder below /tmp that goes with its user. */
export function scratchFolder(): Disposable & { readonly path: (name: string) => string } {
  const folder = mkdtempSync('/tmp/berth-serve-');
  return {
    path: (name) => path.join(folder, name),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}
