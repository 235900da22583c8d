import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { close } from '@berth/addon/file';
import { sealedMemfd } from '@berth/addon/memory-file';
import { BerthError } from '@berth/model/error';
import { encodePlan } from '../plan/encode.ts';
import type { Plan } from '../plan/record.ts';
import { encodeFrame, type Frame, FrameParser, frameType, withFlag } from '../shim/frame.ts';
import { type Exit, readExit, readStarted, type Started, StartFailure } from '../shim/message.ts';
import type { Question } from './answers.ts';

/** ANSWER and ASK of docs/shim.md. */
const answerType = 10;
const askType = 72;

const gone = (): BerthError => new BerthError('unavailable', 'the shim ended', { code: 'shim_gone' });

export interface AttachedHandlers {
  onAsk(question: Question): void;
  onExit(exit: Exit): void;
  onOutput(bytes: Uint8Array): void | Promise<void>;
  onClose(error: Error | undefined): void;
}

/** A shim of our own with our standard streams, for one plan (docs/shim.md, `--attached`). */
export class AttachedShim {
  readonly #socket: Socket;
  readonly #handlers: AttachedHandlers;
  readonly #closed: Promise<void>;
  #start: (PromiseWithResolvers<Started> & { readonly plan: Plan }) | undefined;

  private constructor(socket: Socket, handlers: AttachedHandlers) {
    this.#socket = socket;
    this.#handlers = handlers;
    this.#closed = this.#read();
  }

  static async spawn(
    { binary, preserve }: { readonly binary: string; readonly preserve: number },
    handlers: AttachedHandlers,
  ): Promise<AttachedShim> {
    const kept = Array.from({ length: 3 + preserve }, (_, fd) => fd);
    // A session of its own: Ctrl-C at our terminal is ours to pass on.
    // A sealed copy: the container sees this program in /proc, and must not be able to write to it (CVE-2019-5736).
    const copy = sealedMemfd(readFileSync(binary), 'berth-launcher');
    try {
      const child = spawn(`/proc/self/fd/${copy}`, ['--attached', String(kept.length)], {
        argv0: 'berth-launcher',
        stdio: [...kept, 'pipe'],
        detached: true,
      });
      await new Promise((resolve, reject) => child.once('spawn', resolve).once('error', reject));
      child.unref();
      return new AttachedShim(child.stdio[kept.length] as unknown as Socket, handlers);
    } finally {
      close(copy);
    }
  }

  async start(plan: Plan, options: { watch?: boolean; stdin?: boolean; output?: boolean }): Promise<Started> {
    const flags =
      (options.stdin ? withFlag.stdin : 0) |
      (options.output ? withFlag.output : 0) |
      (options.watch ? withFlag.watch : 0);
    this.#start = { ...Promise.withResolvers<Started>(), plan };
    this.#socket.write(encodeFrame(frameType.start, 0, encodePlan(plan), flags));
    return await this.#start.promise;
  }

  answer(errno: number): void {
    const payload = new Uint8Array(4);
    new DataView(payload.buffer).setInt32(0, errno, true);
    this.#socket.write(encodeFrame(answerType, 0, payload));
  }

  async writeStdin(bytes: Uint8Array): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#socket.write(encodeFrame(frameType.stdin, 0, bytes), (error) => (error ? reject(error) : resolve()));
    });
  }

  resize(rows: number, columns: number): void {
    const payload = new Uint8Array(4);
    const view = new DataView(payload.buffer);
    view.setUint16(0, rows, true);
    view.setUint16(2, columns, true);
    this.#socket.write(encodeFrame(frameType.resize, 0, payload));
  }

  /** The shim ends, the process stays. Resolves when it has. */
  async leave(): Promise<void> {
    this.#socket.end();
    await this.#closed;
  }

  async close(): Promise<void> {
    this.#socket.destroy();
    await this.#closed;
  }

  async #read(): Promise<void> {
    const parser = new FrameParser();
    const ended = new Promise((resolve) => this.#socket.once('close', resolve));
    try {
      for await (const chunk of this.#socket as AsyncIterable<Uint8Array>) {
        for (const frame of parser.push(chunk)) {
          const pending = this.#receive(frame);
          if (pending !== undefined) await Promise.race([pending, ended]);
        }
      }
    } catch {
      // A reset tells what an end tells.
    }
    this.#start?.reject(gone());
    this.#start?.promise.catch(() => undefined);
    this.#handlers.onClose(undefined);
  }

  #receive({ type, payload, process }: Frame): void | Promise<void> {
    const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
    if (type === askType) return this.#handlers.onAsk({ token: view.getUint32(0, true), pid: view.getUint32(4, true) });
    if (type === frameType.output) return this.#handlers.onOutput(payload);
    if (type === frameType.exit) return this.#handlers.onExit(readExit(process, payload));
    if (type === frameType.started) return this.#start?.resolve(readStarted(payload));
    if (type === frameType.failed) return this.#start?.reject(new StartFailure(this.#start.plan, payload));
    return undefined;
  }
}
