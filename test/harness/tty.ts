import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, renameSync, statSync } from 'node:fs';
import path from 'node:path';
import type { Writable } from 'node:stream';
import { eventPatience } from './patience.ts';

export interface TerminalOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly rows?: number;
  readonly columns?: number;
}

/** A program in a terminal of 24 rows and 80 columns, and somebody who types. */
export class Terminal implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #exit: Promise<number>;
  readonly #changed = new EventTarget();
  #shown = '';

  constructor(argv: readonly string[], { env, rows = 24, columns = 80 }: TerminalOptions = {}) {
    this.#child = spawn(ptyProgram(), [String(rows), String(columns), ...argv], {
      env: env ?? process.env,
      stdio: ['pipe', 'pipe', 'inherit', 'pipe'],
    });
    this.#child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      this.#shown += text;
      this.#changed.dispatchEvent(new Event('change'));
    });
    for (const stream of [this.#child.stdin!, this.#control]) stream.on('error', () => undefined);
    this.#exit = once(this.#child, 'close').then(([code]) => {
      this.#changed.dispatchEvent(new Event('change'));
      return typeof code === 'number' ? code : -1;
    });
  }

  /** All that was shown, with every control sequence. */
  get shown(): string {
    return this.#shown;
  }

  /** The exit code of the program; 128 and more for a signal, -1 when the terminal was taken away. */
  get exit(): Promise<number> {
    return this.#exit;
  }

  get #control(): Writable {
    return this.#child.stdio[3] as Writable;
  }

  /** Types; `\x03` is Ctrl-C, `\r` is Enter. */
  type(text: string): void {
    this.#child.stdin!.write(text);
  }

  resize(rows: number, columns: number): void {
    this.#control.write(`${rows} ${columns}\n`);
  }

  /** Waits until what was shown since `from` matches. @throws Error with all that was shown */
  async until(pattern: RegExp | string, { from = 0, timeout = eventPatience } = {}): Promise<string> {
    const deadline = AbortSignal.timeout(timeout);
    for (;;) {
      const text = this.#shown.slice(from);
      if (typeof pattern === 'string' ? text.includes(pattern) : pattern.test(text)) return text;
      const ended = this.#child.exitCode !== null && this.#child.stdout!.readableEnded;
      if (ended || deadline.aborted) {
        const why = ended ? 'the program ended' : `${timeout} ms are over`;
        throw new Error(`${why}, and ${String(pattern)} was not shown, but ${JSON.stringify(this.#shown)}`);
      }
      await new Promise<void>((resolve) => {
        for (const target of [this.#changed, deadline]) {
          target.addEventListener(target === deadline ? 'abort' : 'change', () => resolve(), { once: true });
        }
      });
    }
  }

  /** Takes the terminal away: the program gets SIGHUP. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exit;
  }
}

let built: string | undefined;

/** Compiled when its source is newer, and the first time in a process. */
function ptyProgram(): string {
  if (built !== undefined) return built;
  const source = path.join(import.meta.dirname, 'pty.c');
  const folder = path.join(import.meta.dirname, '../../build/test');
  const output = path.join(folder, 'pty');
  const made = statSync(output, { throwIfNoEntry: false });
  if (made === undefined || made.mtimeMs < statSync(source).mtimeMs) {
    mkdirSync(folder, { recursive: true });
    const fresh = `${output}.${process.pid}`;
    execFileSync('cc', ['-O2', '-Wall', '-Wextra', '-Werror', '-o', fresh, source]);
    renameSync(fresh, output);
  }
  built = output;
  return built;
}
