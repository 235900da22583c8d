import { once } from 'node:events';
import net from 'node:net';
import { asError, BerthError } from '@berth/model/error';
import { decodeMessage, encodeMessage } from './message.ts';
import type { Message } from './message.ts';
import type { Value } from './value.ts';

export interface BusCall {
  readonly destination?: string;
  readonly path: string;
  readonly interface: string;
  readonly member: string;
  readonly signature?: string;
  readonly body?: readonly Value[];
}

interface Waiting {
  readonly resolve: (body: readonly Value[]) => void;
  readonly reject: (error: Error) => void;
}

/** As systemd's own client: a manager that does not answer for so long is ill. */
const patience = 25_000;

/**
 * One D-Bus connection over a unix socket, with EXTERNAL authentication: as much of a client as systemd needs. Why no
 * library: docs/cgroups.md, "Decisions".
 */
export class Bus {
  readonly #socket: net.Socket;
  readonly #waiting = new Map<number, Waiting>();
  readonly #listeners = new Set<(signal: Message) => void>();
  #pending: Buffer = Buffer.alloc(0);
  #serial = 0;
  #failure: Error | undefined;
  readonly #lost = Promise.withResolvers<Error>();

  private constructor(socket: net.Socket) {
    this.#socket = socket;
    socket.on('data', (bytes: Buffer) => this.#receive(bytes));
    socket.on('error', (error) => this.#fail(error));
    socket.on('close', () => this.#fail(new Error('the connection was closed')));
  }

  /**
   * Connects and authenticates; with `hello` (a bus, not a peer) it also takes a name. Throws `unavailable` when nobody
   * answers there, `permission_denied` when this user may not.
   */
  static async connect(path: string, options: { readonly hello: boolean }): Promise<Bus> {
    const socket = net.connect(path);
    try {
      await once(socket, 'connect', { signal: AbortSignal.timeout(patience) });
      await authenticate(socket);
    } catch (cause) {
      socket.destroy();
      if (cause instanceof BerthError) throw cause;
      throw new BerthError('unavailable', `D-Bus at ${path}: ${asError(cause).message}`, { code: 'no_bus', cause });
    }
    const bus = new Bus(socket);
    const driver = { destination: driverName, path: '/org/freedesktop/DBus', interface: driverName };
    try {
      if (options.hello) await bus.call({ ...driver, member: 'Hello' });
    } catch (error) {
      bus.close();
      throw error;
    }
    return bus;
  }

  /** The answer's body. Throws `internal` (code: the D-Bus error's name) for an error, `unavailable` without an answer. */
  async call(call: BusCall): Promise<readonly Value[]> {
    const serial = ++this.#serial;
    const bytes = encodeMessage({ type: 'call', serial, body: [], ...call });
    const { promise, resolve, reject } = Promise.withResolvers<readonly Value[]>();
    if (this.#failure !== undefined) throw lost(call, this.#failure);
    const timer = setTimeout(() => this.#give(serial)?.reject(lost(call, new Error('no answer'))), patience);
    this.#waiting.set(serial, {
      resolve: (body) => resolve(body),
      reject: (error) => reject(error instanceof BerthError ? error : lost(call, error)),
    });
    this.#socket.write(bytes);
    return await promise.finally(() => clearTimeout(timer));
  }

  /** Asks a bus for the signals of a sender; a peer sends all of them by itself. */
  async subscribe(rule: string): Promise<void> {
    const driver = { destination: driverName, path: '/org/freedesktop/DBus', interface: driverName };
    await this.call({ ...driver, member: 'AddMatch', signature: 's', body: [rule] });
  }

  /** Every signal from now on, until the returned function is called. */
  onSignal(listener: (signal: Message) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Resolves with the reason when the connection is gone. */
  get lost(): Promise<Error> {
    return this.#lost.promise;
  }

  close(): void {
    this.#socket.destroy();
  }

  #receive(bytes: Buffer): void {
    this.#pending = Buffer.concat([this.#pending, bytes]);
    try {
      for (let next = decodeMessage(this.#pending); next !== undefined; next = decodeMessage(this.#pending)) {
        this.#pending = this.#pending.subarray(next.size);
        this.#dispatch(next.message);
      }
    } catch (error) {
      this.#fail(asError(error));
      this.#socket.destroy();
    }
  }

  #dispatch(message: Message): void {
    if (message.type === 'signal') for (const listener of this.#listeners) listener(message);
    if (message.replySerial === undefined) return;
    const waiting = this.#give(message.replySerial);
    if (message.type === 'return') waiting?.resolve(message.body);
    else if (message.type === 'error') waiting?.reject(busError(message));
  }

  #give(serial: number): Waiting | undefined {
    const waiting = this.#waiting.get(serial);
    this.#waiting.delete(serial);
    return waiting;
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#lost.resolve(error);
    for (const serial of this.#waiting.keys()) this.#give(serial)?.reject(error);
  }
}

const driverName = 'org.freedesktop.DBus';

/**
 * D-Bus Specification, "Authentication Protocol": a NUL, then lines. Who we are is left to the kernel to tell: a number of
 * our own would be another one inside a user namespace.
 */
async function authenticate(socket: net.Socket): Promise<void> {
  const signal = AbortSignal.timeout(patience);
  socket.write('\0AUTH EXTERNAL\r\nDATA\r\n');
  for (let text = ''; !text.endsWith('\r\n') || !/^(OK|REJECTED|ERROR)/m.test(text);) {
    const [bytes] = (await once(socket, 'data', { signal })) as [Buffer];
    text += bytes.toString();
    if (/^(REJECTED|ERROR)/m.test(text)) {
      throw new BerthError('permission_denied', `D-Bus does not let user ${process.geteuid?.()} in`, {
        code: 'bus_auth',
      });
    }
  }
  socket.write('BEGIN\r\n');
}

function busError({ errorName, body }: Message): BerthError {
  const [text] = body;
  const code = errorName ?? 'bus_error';
  return new BerthError('internal', typeof text === 'string' ? text : code, { code });
}

function lost(call: BusCall, cause: Error): BerthError {
  return new BerthError('unavailable', `D-Bus call ${call.member}: ${cause.message}`, { code: 'no_bus', cause });
}
