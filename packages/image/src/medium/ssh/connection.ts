import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { Duplex, type Readable, type Writable } from 'node:stream';
import { BerthError } from '@berth/model/error';
import { plainText } from '../../registry/failure/plain-text.ts';

export interface SshDestination {
  /** `USER@HOST` or a name of ssh's configuration. */
  readonly destination: string;
  readonly port?: string;
}

/** `[USER@]HOST[:PORT]`, of IPv6 in brackets. */
export function parseDestination(host: string): SshDestination {
  const [, user = '', address = '', plain = '', port] =
    /^([^@]*@)?(?:\[([^\]]+)\]|([^:[\]]*))(?::(\d+))?$/.exec(host) ?? [];
  const name = address === '' ? plain : address;
  if (name !== '' && !name.startsWith('-') && !host.startsWith('-')) {
    return { destination: `${user}${name}`, ...(port === undefined ? {} : { port }) };
  }
  throw new BerthError('invalid_argument', `'${host}' is no host for ssh`, { code: 'bad_location' });
}

type Ssh = ChildProcessByStdio<Writable, Readable, Readable>;

/**
 * Opens connections to the daemon of another machine: one `ssh` each, which runs `berth system dial-stdio` there. Whom it
 * asks for a password or a host's key is the terminal, as ever. BERTH_SSH names another program than ssh.
 *
 * A connection fails with failed_precondition (`ssh_failed`) when it never came about, which trying again does not change,
 * and with unavailable (`ssh_lost`) later; both say what ssh said last.
 */
export function sshConnector(host: string): () => Duplex {
  const { destination, port } = parseDestination(host);
  const flags = port === undefined ? [] : ['-p', port];
  const failed = (reason: string, wasOpen: boolean): BerthError =>
    new BerthError(
      wasOpen ? 'unavailable' : 'failed_precondition',
      `${wasOpen ? 'lost' : 'cannot reach'} the daemon of ${host} through ssh: ${reason}`,
      {
        code: wasOpen ? 'ssh_lost' : 'ssh_failed',
        hint: `try: ${['ssh', ...flags, destination, 'berth', 'version'].join(' ')}`,
      },
    );
  return () => {
    const argv = [...flags, '-T', '--', destination, 'berth system dial-stdio'];
    const child = spawn(process.env['BERTH_SSH'] || 'ssh', argv, { stdio: ['pipe', 'pipe', 'pipe'] });
    const stream = new ProcessStream(child);
    let said = '';
    child.stderr.on('data', (piece: Buffer) => (said = (said + piece.toString()).slice(-2000)));
    child.once('error', (error) => stream.destroy(failed(error.message, false)));
    // After its streams ended: all that it said is there.
    child.once('close', (code) => {
      if (code === 0) stream.push(null);
      else if (!stream.destroyed) stream.destroy(failed(lastLine(said, code), stream.wasOpen));
    });
    return stream;
  };
}

function lastLine(said: string, code: number | null): string {
  const lines = said.trim().split('\n');
  return plainText(lines.at(-1) ?? '') || `it ended with ${code}`;
}

/**
 * A process's standard streams as a connection of node:http, which takes it for a socket. `Duplex.from` will not do: it
 * ends with its process before it is known why that ended.
 */
class ProcessStream extends Duplex {
  /** Whether anything came. */
  wasOpen = false;
  readonly #child: Ssh;

  constructor(child: Ssh) {
    super();
    this.#child = child;
    child.stdin.on('error', () => undefined);
    child.stdout.on('data', (chunk: Buffer) => {
      this.wasOpen = true;
      if (!this.push(chunk)) child.stdout.pause();
    });
  }

  override _read(): void {
    this.#child.stdout.resume();
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    // Only whether it is there yet: what goes wrong is told by the process's end.
    if (this.#child.stdin.write(chunk)) done();
    else this.#child.stdin.once('drain', done);
  }

  override _final(done: () => void): void {
    this.#child.stdin.end(done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#child.kill();
    done(error);
  }

  setKeepAlive = (): this => this;
  setNoDelay = (): this => this;
  setTimeout = (): this => this;

  ref(): this {
    return this.#turn('ref');
  }

  /** An idle connection keeps no command from ending. */
  unref(): this {
    return this.#turn('unref');
  }

  #turn(verb: 'ref' | 'unref'): this {
    const { stdin, stdout, stderr } = this.#child;
    for (const part of [this.#child, stdin, stdout, stderr]) (part as { ref?(): void; unref?(): void })[verb]?.();
    return this;
  }
}
