import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { Duplex, type Readable, type Writable } from 'node:stream';
import type { DockerEndpoint } from './host.ts';

/**
 * A connection to the dockerd of another machine, as docker's own ssh helper makes it: the far side's docker command
 * copies between its standard streams and its daemon. It ends with what ssh said, where that failed.
 */
export class SshConnection extends Duplex {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  #said = '';

  constructor({ destination, port, socket }: DockerEndpoint & { kind: 'ssh' }) {
    super();
    const far = socket === undefined ? [] : ['--host', `unix://${socket}`];
    // ssh hands the words to a shell.
    const command = ['docker', ...far, 'system', 'dial-stdio'].map(quoted).join(' ');
    const argv = [...(port === undefined ? [] : ['-p', port]), '-T', '--', destination, command];
    this.#child = spawn('ssh', argv, { stdio: ['pipe', 'pipe', 'pipe'] });
    const { stdin, stdout, stderr } = this.#child;
    stdout.on('data', (piece: Buffer) => this.push(piece) || stdout.pause());
    stderr.on('data', (piece: Buffer) => (this.#said = (this.#said + piece.toString()).slice(-2000)));
    // Its end comes next, and tells why.
    stdin.on('error', () => undefined);
    this.#child.once('error', (error) => this.destroy(error));
    this.#child.once('close', (code) => {
      if (code === 0) this.push(null);
      else this.destroy(new Error(`ssh ended with ${code}: ${this.#said.trim()}`));
    });
  }

  override _read(): void {
    this.#child.stdout.resume();
  }

  override _write(bytes: Buffer, _: BufferEncoding, done: () => void): void {
    this.#child.stdin.write(bytes, (error) => error ?? done());
  }

  override _final(done: () => void): void {
    this.#child.stdin.end(done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#child.kill();
    done(error);
  }

  // What the agent takes for a socket has these; an idle connection keeps our process no longer than the agent lives.
  setKeepAlive = (): this => this;
  setNoDelay = (): this => this;
  setTimeout = (): this => this;
  ref = (): this => this;
  unref = (): this => this;
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
