import { setTimeout as sleep } from 'node:timers/promises';
import type { CallContext } from '@berth/model/context';
import { BerthError, isKind } from '@berth/model/error';
import type { ProcessSpec, ResourcesSpec } from '@berth/model/runtime-spec';
import type { Plan } from '../plan/record.ts';
import { type Created, ShimConnection, type ShimHandlers } from '../shim/connection.ts';
import type { Launcher } from '../shim/launcher.ts';
import { type Exit, StartFailure } from '../shim/message.ts';
import type { ContainerPlace, RuntimeHandler } from './contract.ts';
import { readJournal } from './read-journal.ts';

const SIGKILL = 9;

/** What a container is made on. */
export interface ContainerHost {
  readonly handler: RuntimeHandler;
  readonly launcher: Launcher;
}

export type OutputSink = (bytes: Uint8Array) => void;

/**
 * A container of any handler in the two steps of the runtime spec: create, then start. It holds nothing but its
 * connection to the shim: `recover` makes another one of the same container.
 */
export class Container {
  readonly place: ContainerPlace;
  readonly #handler: RuntimeHandler;
  readonly #exit = Promise.withResolvers<Exit>();
  /** Undefined when its shim was gone already. */
  #shim: ShimConnection | undefined;
  /** Known to who created it. */
  #creation: { readonly plan: Plan; readonly created: Created } | undefined;
  #ended = false;
  #paused = false;
  #pid = 0;
  #execs = 0;

  private constructor(handler: RuntimeHandler, place: ContainerPlace) {
    this.place = place;
    this.#handler = handler;
  }

  /** Its program waits for `start`. On failure nothing of it is left. @throws what the handler's `startError` says */
  static async create(
    { handler, launcher }: ContainerHost,
    context: CallContext,
    place: ContainerPlace,
  ): Promise<Container> {
    const container = new Container(handler, place);
    const plan = await handler.startPlan(place, { created: true });
    const onAsk: ShimHandlers['onAsk'] = (ask) => handler.answer(context, place, ask);
    const shim = await launcher.shim({ ...container.#watcher(), onAsk });
    container.#shim = shim;
    try {
      const created = await shim.create(plan, { watch: true });
      container.#creation = { plan, created };
      container.#pid = created.pid;
      return container;
    } catch (error) {
      throw await container.#undo(context, { plan, error });
    }
  }

  /** Finds again a container that another process of ours made. */
  static async recover({ handler }: ContainerHost, place: ContainerPlace): Promise<Container> {
    const container = new Container(handler, place);
    try {
      const shim = await ShimConnection.connect(place.shim.socket, container.#watcher());
      container.#shim = shim;
      await shim.watch();
      const first = (await shim.state()).find(({ process }) => process === 0);
      container.#pid = first?.pid ?? 0;
      if (first?.exit !== undefined) container.#tell(first.exit);
    } catch (error) {
      if (!isKind(error, 'unavailable')) throw error;
      await container.#fromJournal();
    }
    return container;
  }

  /** Of its first process, in the host's pid namespace. */
  get pid(): number {
    return this.#pid;
  }

  async start(context: CallContext): Promise<void> {
    if (this.#creation === undefined) await this.#startRecovered();
    else await this.#startCreated(context, this.#creation);
    await this.#handler.started(context, this.place, this.#pid);
  }

  /** @throws failed_precondition when the process is gone */
  async kill(context: CallContext, signal: number): Promise<void> {
    if (this.#ended) throw notRunning(this.place);
    const send = async (number: number): Promise<void> => await this.#shim?.signal(0, number);
    await this.#handler.kill(context, { place: this.place, signal: send }, signal);
    // A frozen process takes no signal before it is thawed.
    if (this.#paused && signal === SIGKILL) await this.resume(context);
  }

  /** How its first process ended: 128+n for signal n. */
  async wait(): Promise<Exit> {
    return await this.#exit.promise;
  }

  /** Runs one more process to its end. */
  async exec(context: CallContext, process: ProcessSpec, sink: OutputSink = () => undefined): Promise<number> {
    const number = ++this.#execs;
    const plan = await this.#handler.execPlan(this.place, { number, process, stdin: false });
    const exit = Promise.withResolvers<Exit>();
    // A connection of its own: its exit comes behind its last output.
    await using line = await ShimConnection.connect(this.place.shim.socket, {
      onOutput: ({ bytes }) => sink(bytes),
      onExit: (one) => exit.resolve(one),
      onAsk: (ask) => this.#handler.answer(context, this.place, ask),
    });
    await line.start(plan, { process: number, output: true }).catch(async (error: unknown) => {
      throw await this.#inWords({ plan, error, exec: number });
    });
    return (await exit.promise).code;
  }

  async pause(context: CallContext): Promise<void> {
    await this.#handler.pause(context, this.place);
    this.#paused = true;
  }

  async resume(context: CallContext): Promise<void> {
    await this.#handler.resume(context, this.place);
    this.#paused = false;
  }

  async update(context: CallContext, resources: ResourcesSpec): Promise<void> {
    await this.#handler.update(context, this.place, resources);
  }

  async processes(context: CallContext): Promise<number[]> {
    return await this.#handler.processes(context, this.place);
  }

  /** Leaves no process, mount or cgroup. @throws failed_precondition (`still_running`) unless stopped or forced */
  async delete(context: CallContext, { force = false }: { readonly force?: boolean } = {}): Promise<void> {
    if (!this.#ended) {
      if (!force) throw stillRunning(this.place);
      await this.kill(context, SIGKILL).catch((error: unknown) => {
        if (!isKind(error, 'failed_precondition')) throw error;
      });
    }
    // One that never ran its program has no exit; its shim ends all the same.
    await this.#shim?.closed;
    await this.#handler.cleanUp(context, this.place);
  }

  /** Lets go of the shim, which goes on. */
  async release(): Promise<void> {
    await this.#shim?.close();
  }

  #watcher(): ShimHandlers {
    return {
      onExit: (exit) => {
        if (exit.process === 0) this.#tell(exit);
      },
    };
  }

  #tell(exit: Exit): void {
    this.#ended = true;
    this.#exit.resolve(exit);
  }

  async #startCreated(
    context: CallContext,
    { plan, created }: { readonly plan: Plan; readonly created: Created },
  ): Promise<void> {
    try {
      await created.release();
    } catch (error) {
      throw await this.#undo(context, { plan, error });
    }
  }

  /** The answer to the start went to who created it: ask until it is told. */
  async #startRecovered(): Promise<void> {
    const shim = this.#shim;
    if (shim === undefined) throw notRunning(this.place);
    await shim.answer(0, 0);
    for (let pause = 1; ; pause = Math.min(2 * pause, 20)) {
      const states = await shim.state().catch(() => undefined);
      if (states === undefined) return await this.#fromJournal();
      if (states.find(({ process }) => process === 0)?.state !== 'created') return;
      await sleep(pause);
    }
  }

  /** @throws failed_precondition when it tells of no end: the shim was killed, or the program could not be run */
  async #fromJournal(): Promise<void> {
    const events = await readJournal(this.place.shim.journal);
    const exit = events.find((event) => event.event === 'exit' && event.process === 0);
    if (exit?.event !== 'exit') throw notRunning(this.place);
    this.#tell(exit);
  }

  async #undo(context: CallContext, failed: { readonly plan: Plan; readonly error: unknown }): Promise<unknown> {
    const error = await this.#inWords(failed);
    await this.release();
    await this.#handler.cleanUp(context, this.place);
    return error;
  }

  async #inWords({ plan, error, exec }: { plan: Plan; error: unknown; exec?: number }): Promise<unknown> {
    if (!(error instanceof StartFailure)) return error;
    const failed = { plan, failure: error, name: this.place.id, ...(exec === undefined ? {} : { exec }) };
    return (await this.#handler.startError(this.place, failed)).error;
  }
}

function notRunning({ id }: ContainerPlace): BerthError {
  return new BerthError('failed_precondition', `container ${id} is not running`, { code: 'not_running' });
}

function stillRunning({ id }: ContainerPlace): BerthError {
  return new BerthError('failed_precondition', `container ${id} is running`, {
    code: 'still_running',
    hint: 'end it first, or delete it with force',
  });
}
