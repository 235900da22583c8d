import type { CallContext } from '@berth/model/context';
import { isKind } from '@berth/model/error';
import type { ContainerPlace, RuntimeHandler } from '@berth/runtime/handler/contract';
import { readJournal } from '@berth/runtime/handler/read-journal';
import type { Plan } from '@berth/runtime/plan/record';
import { ShimConnection, type ShimHandlers, type StartOptions } from '@berth/runtime/shim/connection';
import type { Launcher } from '@berth/runtime/shim/launcher';
import type { Exit, Started } from '@berth/runtime/shim/message';
import type { AttachedStream, AttachRequest, TerminalSize } from './contract.ts';
import { Line } from './line.ts';

export interface TaskOptions {
  readonly place: ContainerPlace;
  readonly handler: RuntimeHandler;
  /** Of what goes on without a client. */
  readonly context: CallContext;
  /** Called once for each process that ended, execs before the first process, never before `supervise`. */
  readonly onExit: (exit: Exit) => void;
  /** The shim is gone and its journal does not tell how the first process ended. */
  readonly onLost: () => void;
}

/**
 * A container's processes while they run: the daemon's end of the shim, whichever runtime is below it. The shim lives without it; a later daemon
 * makes another Task of the same shim with `adopt`.
 */
export class Task {
  readonly #options: TaskOptions;
  readonly #told = new Set<number>();
  #early: Exit[] | undefined = [];
  #control: ShimConnection | undefined;
  /** The shim that waits for its plan. */
  #shim: WaitingShim | undefined;
  #pid = 0;

  constructor(options: TaskOptions) {
    this.#options = options;
  }

  /** The first process, in the host's view. */
  get pid(): number {
    return this.#pid;
  }

  /** Has a shim forked: it comes up while the plan is made. Then `launch`, or `release`. */
  connect(launcher: Launcher, attach?: AttachRequest): void {
    const line = attach === undefined ? undefined : this.#line(0, attach);
    const { context, handler, place } = this.#options;
    const onAsk: ShimHandlers['onAsk'] = (ask) => handler.answer(context, place, ask);
    const connection = launcher.shim({ ...(line?.handlers ?? this.#watcher()), onAsk });
    // `launch` hears of it.
    connection.catch(() => undefined);
    this.#shim = { connection, line, options: line === undefined ? { watch: true } : attachOptions(attach) };
  }

  /** Runs the plan of the first process. @throws StartFailure: nothing of it is left but cgroups */
  async launch(plan: Plan): Promise<Launched> {
    if (this.#shim === undefined) throw new Error('launch comes after connect');
    const { line, options } = this.#shim;
    const connection = await this.#shim.connection;
    try {
      const started = await connection.start(plan, options);
      this.#pid = started.pid;
      this.#shim = undefined;
      if (line !== undefined) return { started, line: line.bind(connection) };
      this.#control = connection;
      return { started };
    } catch (error) {
      await connection.close();
      throw error;
    }
  }

  /** Takes over a shim that an earlier daemon started. False when there is none any more. */
  async adopt(): Promise<boolean> {
    return await this.#connectControl();
  }

  /** From now on exits are told; those that came before are told first. */
  async supervise(): Promise<void> {
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const exit of early) this.#tell(exit);
    if (this.#control === undefined && !(await this.#connectControl())) await this.#fromJournal();
  }

  /** Sends a signal to the first process. */
  async kill(signal: number): Promise<void> {
    const { handler, context, place } = this.#options;
    const send = async (number: number): Promise<void> => await this.#control?.signal(0, number);
    await handler.kill(context, { place, signal: send }, signal);
  }

  /** Sends a signal to the process of an exec, and to no other. @throws not_found when it has ended */
  async signalExec(process: number, signal: number): Promise<void> {
    await this.#control?.signal(process, signal);
  }

  async freeze(): Promise<void> {
    await this.#options.handler.pause(this.#options.context, this.#options.place);
  }

  async thaw(): Promise<void> {
    await this.#options.handler.resume(this.#options.context, this.#options.place);
  }

  /** Of the container, in the host's view. */
  async processes(): Promise<number[]> {
    return await this.#options.handler.processes(this.#options.context, this.#options.place);
  }

  async resize(size: TerminalSize, process = 0): Promise<void> {
    await this.#control?.resize(process, size.rows, size.columns);
  }

  /** After its file was moved away. */
  async reopenLog(): Promise<void> {
    await this.#control?.reopenLog();
  }

  async attach(request: AttachRequest): Promise<AttachedStream> {
    const line = this.#line(0, request);
    const connection = await ShimConnection.connect(this.#socket, line.handlers);
    await connection.attach(0, attachOptions(request));
    if (request.size !== undefined) await this.resize(request.size).catch(() => undefined);
    return line.bind(connection);
  }

  /** Runs a further process. @throws StartFailure */
  async exec(process: number, plan: Plan, attach?: AttachRequest): Promise<Launched> {
    const line = attach === undefined ? undefined : this.#line(process, attach);
    const connection = await ShimConnection.connect(this.#socket, line?.handlers ?? {});
    // The number may have been another exec's.
    this.#told.delete(process);
    try {
      const started = await connection.start(plan, { process, ...attachOptions(attach) });
      if (line !== undefined) return { started, line: line.bind(connection) };
      await connection.close();
      return { started };
    } catch (error) {
      await connection.close();
      throw error;
    }
  }

  /** Resolves when the shim has ended: all output is delivered, nothing of it is left. */
  async ended(): Promise<void> {
    await this.#control?.closed;
  }

  /** Lets go of the shim, which goes on. */
  async release(): Promise<void> {
    this.#early = [];
    await this.#control?.close();
    const waiting = await this.#shim?.connection.catch(() => undefined);
    await waiting?.close();
  }

  get #socket(): string {
    return this.#options.place.shim.socket;
  }

  #line(process: number, request: AttachRequest): Line {
    return new Line(process, request, (size) => this.resize(size, process));
  }

  #watcher(): ShimHandlers {
    return {
      onExit: (exit) => this.#tell(exit),
      onClose: () => void this.#onControlClosed(),
    };
  }

  #tell(exit: Exit): void {
    if (this.#early !== undefined) {
      this.#early.push(exit);
    } else if (!this.#told.has(exit.process)) {
      this.#told.add(exit.process);
      this.#options.onExit(exit);
    }
  }

  async #connectControl(): Promise<boolean> {
    try {
      const control = await ShimConnection.connect(this.#socket, this.#watcher());
      await control.watch();
      const states = await control.state();
      this.#control = control;
      this.#pid = states.find(({ process }) => process === 0)?.pid ?? this.#pid;
      // What ended between the start and the watch.
      for (const { exit } of states.toSorted((a, b) => b.process - a.process)) if (exit !== undefined) this.#tell(exit);
      return true;
    } catch (error) {
      if (isKind(error, 'unavailable')) return false;
      throw error;
    }
  }

  async #onControlClosed(): Promise<void> {
    if (this.#early === undefined && !this.#told.has(0)) await this.#fromJournal();
  }

  async #fromJournal(): Promise<void> {
    const exits = (await readJournal(this.#options.place.shim.journal)).filter((event) => event.event === 'exit');
    for (const exit of exits.toSorted((a, b) => b.process - a.process)) this.#tell(exit);
    if (!exits.some(({ process }) => process === 0)) this.#options.onLost();
  }
}

interface WaitingShim {
  readonly connection: Promise<ShimConnection>;
  readonly line: Line | undefined;
  readonly options: StartOptions;
}

export interface Launched {
  readonly started: Started;
  readonly line?: AttachedStream;
}

function attachOptions(attach: AttachRequest | undefined): { stdin: boolean; output: boolean } {
  return { stdin: attach?.stdin ?? false, output: attach?.output ?? false };
}
