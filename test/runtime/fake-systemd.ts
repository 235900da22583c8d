import { once } from 'node:events';
import net from 'node:net';
import { decodeMessage, encodeMessage } from '@berth/runtime/systemd/message';
import type { Message } from '@berth/runtime/systemd/message';
import type { Value, Variant } from '@berth/runtime/systemd/value';

const name = 'org.freedesktop.systemd1';
const path = '/org/freedesktop/systemd1';
const job = `${path}/job/7`;

/** How the next start goes. */
export type StartOutcome = 'done' | 'failed' | 'exists' | 'refused' | 'crash';

/**
 * As much of systemd's manager as a scope needs, behind a real bus: it answers calls and tells of jobs, and remembers what
 * it was asked. The real dbus-daemon between checks every message's form.
 */
export class FakeSystemd implements AsyncDisposable {
  readonly units = new Map<string, Map<string, Value>>();
  readonly calls: string[] = [];
  /** The signal that a job has ended may come before the answer that names the job. */
  signalFirst = false;
  outcomes: StartOutcome[] = [];
  readonly #socket: net.Socket;
  #serial = 0;

  private constructor(socket: net.Socket) {
    this.#socket = socket;
  }

  static async open(busSocket: string): Promise<FakeSystemd> {
    const socket = net.connect(busSocket);
    await once(socket, 'connect');
    socket.write(`\0AUTH EXTERNAL ${Buffer.from(String(process.geteuid?.())).toString('hex')}\r\n`);
    await once(socket, 'data');
    socket.write('BEGIN\r\n');
    const fake = new FakeSystemd(socket);
    const named = fake.#listen();
    const driver = {
      destination: 'org.freedesktop.DBus',
      path: '/org/freedesktop/DBus',
      interface: 'org.freedesktop.DBus',
    };
    fake.#send({ type: 'call', ...driver, member: 'Hello', body: [] });
    fake.#send({ type: 'call', ...driver, member: 'RequestName', signature: 'su', body: [name, 0] });
    await named;
    return fake;
  }

  /** Without a bus: the manager's own socket, as root may use it. Ends with its one client. */
  static async serve(file: string): Promise<FakeSystemd> {
    const server = net.createServer().listen(file);
    const [socket] = (await once(server, 'connection')) as [net.Socket];
    server.close();
    await once(socket, 'data');
    socket.write('DATA\r\nOK 1234deadbeef\r\n');
    const [begin] = (await once(socket, 'data')) as [Buffer];
    const fake = new FakeSystemd(socket);
    void fake.#listen(begin.subarray('BEGIN\r\n'.length));
    return fake;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#socket.closed) return;
    this.#socket.end();
    await once(this.#socket, 'close');
  }

  /** Resolves when the name is taken: the second answer. */
  #listen(first: Buffer = Buffer.alloc(0)): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    let pending: Buffer = Buffer.alloc(0);
    let answers = 0;
    const receive = (bytes: Buffer) => {
      pending = Buffer.concat([pending, bytes]);
      for (let next = decodeMessage(pending); next !== undefined; next = decodeMessage(pending)) {
        pending = pending.subarray(next.size);
        if (next.message.type === 'call') this.#answer(next.message);
        else if (next.message.type === 'return' && ++answers === 2) resolve();
      }
    };
    this.#socket.on('data', receive);
    receive(first);
    return promise;
  }

  #answer(call: Message): void {
    const [first, second, third] = call.body;
    const unit = textOf(first);
    this.calls.push(call.member ?? '');
    if (call.member === 'StartTransientUnit') this.#start(call, unit, third as readonly Value[]);
    else if (call.member === 'Get') this.#get(call, textOf(second));
    else if (call.member === 'StopUnit' && this.units.delete(unit)) this.#job(call, unit, 'done');
    else if (call.member === 'StopUnit') this.#error(call, `${name}.NoSuchUnit`, 'no such unit');
    else if (call.member === 'SetUnitProperties') {
      for (const [key, value] of pairs(third)) this.units.get(unit)?.set(key, value);
      this.#return(call);
    } else this.#return(call);
  }

  #start(call: Message, unit: string, properties: readonly Value[]): void {
    const outcome = this.outcomes.shift() ?? 'done';
    if (outcome === 'exists') return this.#error(call, `${name}.UnitExists`, 'it exists');
    if (outcome === 'refused') return this.#error(call, 'org.freedesktop.DBus.Error.InvalidArgs', 'no such property');
    this.units.set(unit, new Map(pairs(properties)));
    if (outcome === 'crash') {
      this.#return(call, 'o', [job]);
      this.#socket.end();
      return;
    }
    this.#job(call, unit, outcome);
  }

  #get(call: Message, property: string): void {
    const value = property === 'Version' ? '252.38-1~deb12u1' : '/user.slice/user-0.slice/user@0.service';
    this.#return(call, 'v', [{ signature: 's', value }]);
  }

  #job(call: Message, unit: string, result: string): void {
    const signal = { path, interface: `${name}.Manager`, member: 'JobRemoved', signature: 'uoss' } as const;
    const tell = () => this.#send({ type: 'signal', ...signal, body: [7, job, unit, result] });
    if (this.signalFirst) tell();
    this.#return(call, 'o', [job]);
    if (!this.signalFirst) tell();
  }

  #return(call: Message, signature = '', body: readonly Value[] = []): void {
    this.#send({ type: 'return', ...backTo(call), ...(signature === '' ? {} : { signature }), body });
  }

  #error(call: Message, errorName: string, text: string): void {
    this.#send({ type: 'error', ...backTo(call), errorName, signature: 's', body: [text] });
  }

  #send(message: Omit<Message, 'serial'>): void {
    this.#socket.write(encodeMessage({ ...message, serial: ++this.#serial }));
  }
}

const textOf = (value: Value | undefined) => (typeof value === 'string' ? value : '');

function backTo({ serial, sender = '' }: Message): { replySerial: number; destination: string } {
  return { replySerial: serial, destination: sender };
}

function pairs(properties: Value | undefined): [string, Value][] {
  return (properties as readonly (readonly [string, Variant])[]).map(([key, { value }]) => [key, value]);
}
