import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { type Box, until } from './box.ts';

/** Somebody who takes one descriptor from a unix socket: a terminal's master, a pidfd, a seccomp listener. */
export class DescriptorReceiver implements AsyncDisposable {
  readonly socket: string;
  readonly #child: ChildProcess;
  #text = '';

  private constructor(child: ChildProcess, socket: string) {
    this.#child = child;
    this.socket = socket;
    child.stdin!.on('error', () => undefined);
    child.stdout!.setEncoding('latin1').on('data', (text: string) => (this.#text += text));
  }

  static async open(box: Box, kind: 'terminal' | 'pidfd' | 'seccomp'): Promise<DescriptorReceiver> {
    const socket = path.join(box.folder, `${kind}.sock`);
    const child = spawn(box.programs.program('descriptor'), [kind, socket], { stdio: ['pipe', 'pipe', 'inherit'] });
    const receiver = new DescriptorReceiver(child, socket);
    await receiver.until('ready\n');
    return receiver;
  }

  /** All that it said: "ready", the text that came with the descriptor, then what was seen through it. */
  get text(): string {
    return this.#text;
  }

  type(text: string): void {
    this.#child.stdin!.write(text);
  }

  async until(part: string): Promise<void> {
    await until(
      () => this.#text.includes(part),
      () => `${JSON.stringify(part)} in ${JSON.stringify(this.#text)}`,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
  }
}
