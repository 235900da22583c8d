import type { Log } from '@berth/model/context';
import { asError, BerthError } from '@berth/model/error';
import type { ContainerEntry } from './entry.ts';
import type { Task } from './task.ts';

const SIGKILL = 9;
/** How long a killed process may take before we say so, ms. It may be in an uninterruptible wait. */
const killPatience = 10_000;
/** The longest time that node's timers take, ms: with a longer one they fire at once. */
const longestTimer = 0x7fffffff;

export interface StopRequest {
  readonly signal: number;
  /** Milliseconds until SIGKILL; 0 kills at once; Infinity never. */
  readonly timeout: number;
}

/**
 * The one background loop that ends a container. The signal is sent once; later requests can only shorten the
 * deadline; it goes on when the client that asked for it goes away.
 */
export class StopLoop {
  readonly #entry: ContainerEntry;
  readonly #task: Task;
  readonly #log: Log;
  readonly #ended: Promise<void>;
  #deadline = Number.POSITIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;

  constructor(entry: ContainerEntry, task: Task, log: Log) {
    this.#entry = entry;
    this.#task = task;
    this.#log = log;
    this.#ended = entry.wait('next-exit', new AbortController().signal).then(() => this.#finish());
  }

  /** Starts or joins the loop of this container; resolves when its process has ended. */
  static async run(entry: ContainerEntry, request: StopRequest, log: Log): Promise<void> {
    const { task } = entry;
    if (task === undefined) return;
    const running = entry.stopLoop;
    const loop = running ?? new StopLoop(entry, task, log);
    if (running === undefined) {
      entry.stopLoop = loop;
      if (request.timeout > 0) await loop.#send(request.signal);
    }
    loop.#shorten(request.timeout);
    await loop.#ended;
  }

  #shorten(timeout: number): void {
    const deadline = Date.now() + timeout;
    if (deadline >= this.#deadline) return;
    this.#deadline = deadline;
    this.#killIn(timeout);
  }

  #killIn(time: number): void {
    clearTimeout(this.#timer);
    const rest = time - longestTimer;
    const next = (): void => (rest > 0 ? this.#killIn(rest) : void this.#kill());
    this.#timer = setTimeout(next, Math.min(time, longestTimer));
  }

  /** Nobody waits for it: it never rejects. */
  async #kill(): Promise<void> {
    try {
      await this.#send(SIGKILL);
    } catch (error) {
      this.#log.warn('a container could not be killed', { id: this.#entry.id, error: asError(error).message });
    }
    // It ended before we were told that the signal went out.
    if (this.#isOver) return;
    this.#timer = setTimeout(() => {
      const { id } = this.#entry;
      this.#log.warn('a killed container has not ended; the kernel may hold it', { id, pid: this.#task.pid });
    }, killPatience);
  }

  async #send(signal: number): Promise<void> {
    try {
      await this.#task.kill(signal);
    } catch (error) {
      // Its end is on the way to the record, which whoever stops it waits for.
      if (hasEnded(error)) return;
      throw error;
    }
    // A frozen process takes no signal before it is thawed.
    if (this.#isPaused) {
      await this.#task.thaw();
      // A killed one may have ended before the thaw was told.
      if (this.#isPaused) this.#entry.changeState({ status: 'running' });
    }
  }

  get #isPaused(): boolean {
    return this.#entry.state.status === 'paused';
  }

  #finish(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    if (this.#entry.stopLoop === this) this.#entry.stopLoop = undefined;
  }
}

/** What a shim, the kernel or a runtime says of a process that is no more. */
const endedCodes: readonly string[] = ['shim_gone', 'ESRCH', 'not_running'];

function hasEnded(error: unknown): boolean {
  return error instanceof BerthError && endedCodes.includes(error.code);
}
