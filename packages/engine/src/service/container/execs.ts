import { randomBytes } from 'node:crypto';
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import type { CallContext } from '@berth/model/context';
import { BerthError, errnoName, isKind } from '@berth/model/error';
import { signalNumber } from '@berth/model/signal';
import { readJournal } from '@berth/runtime/handler/read-journal';
import type { JournalEvent } from '@berth/runtime/shim/journal';
import type { Exit } from '@berth/runtime/shim/message';
import type { AttachedStream, AttachRequest, ExecConfig, ExecService, ExecView, ExitResult } from './contract.ts';
import type { ContainerBackend } from './backend.ts';
import { awakeTask } from './containers.ts';
import type { ContainerEntry } from './entry.ts';
import { execProcess } from './exec-process.ts';
import { foldersOf, placeOfEntry, runtimeOf } from './places.ts';
import { publish } from './publish.ts';
import { startError } from './start-error.ts';
import { withSize } from './terminal-size.ts';

/** Process numbers of one shim, docs/shim.md. */
const lastProcess = 1023;

/** How long an exec is known after its end, ms (docker's five minutes). */
const endedFor = 5 * 60 * 1000;

interface ExecEntry {
  readonly id: string;
  readonly container: ContainerEntry;
  readonly config: ExecConfig;
  /** 0 before the start. */
  process: number;
  pid: number;
  status: 'created' | 'running' | 'ended';
  exitCode: number;
  /** Milliseconds since 1970; 0 before its end. */
  endedAt: number;
  /** Who waits for its end. */
  readonly waiters: Set<(exit: ExitResult) => void>;
}

/** Execs in memory; those that were started are also in a file beside the shim's journal. */
export class Execs implements ExecService {
  readonly #backend: ContainerBackend;
  readonly #execs = new Map<string, ExecEntry>();
  readonly #lastProcess = new WeakMap<ContainerEntry, number>();

  constructor(backend: ContainerBackend) {
    this.#backend = backend;
    backend.events.subscribe((event) => {
      if (event.type !== 'container') return;
      if (event.action === 'die') this.#endAll(event.id);
      if (event.action === 'destroy') this.#forgetAll(event.id);
    });
  }

  /** Knows again the execs that ran when an earlier daemon ended, with the exits in the journal. */
  async recover(): Promise<void> {
    for (const container of this.#backend.registry.list()) {
      const { execs, journal } = foldersOf(this.#backend, container.id);
      // A number that was given again belongs to its last line.
      const byProcess = new Map<number, ExecEntry>();
      for (const { id, process, config } of await readSaved(execs)) {
        byProcess.set(process, { ...newExec(id, container, config), process, status: 'running' });
        this.#lastProcess.set(container, process);
      }
      for (const exec of byProcess.values()) this.#execs.set(exec.id, exec);
      this.#listen(container);
      // Read once they are known, so that an exit from now on finds them, and one from before is found here.
      for (const event of await readJournal(journal)) replay(byProcess.get(event.process), event);
      if (!container.isRunning) this.#endAll(container.id);
    }
  }

  create(context: CallContext, ref: string, config: ExecConfig): Promise<string> {
    const container = this.#backend.registry.find(context.namespace, ref);
    awakeTask(container);
    this.#forgetOld();
    const id = randomBytes(32).toString('hex');
    this.#execs.set(id, newExec(id, container, config));
    publish(this.#backend, container, 'exec_create', { execID: id, command: config.command.join(' ') });
    return Promise.resolve(id);
  }

  async start(_context: CallContext, id: string, attach?: AttachRequest): Promise<AttachedStream | undefined> {
    const exec = this.#find(id);
    const { container, config } = exec;
    if (exec.status !== 'created') {
      throw new BerthError('failed_precondition', `exec ${id.slice(0, 12)} has been started already`, {
        code: 'exec_started',
      });
    }
    const task = awakeTask(container);
    const number = this.#freeProcess(container);
    const [handler, place] = [runtimeOf(this.#backend, container), placeOfEntry(this.#backend, container)];
    const plan = await handler.execPlan(place, {
      number,
      process: withSize(execProcess(container.record, config, task.pid), attach?.size),
      stdin: attach?.stdin ?? false,
      privileged: config.privileged === true,
    });
    exec.process = number;
    this.#listen(container);
    exec.status = 'running';
    try {
      await this.#save(exec);
      const { started, line } = await task.exec(exec.process, plan, attach);
      exec.pid = started.pid;
      publish(this.#backend, container, 'exec_start', { execID: id });
      return line;
    } catch (cause) {
      const tried = { handler, place, plan, name: container.name, exec: number };
      const { error, exitCode } = await startError(cause, tried);
      end(exec, exitCode);
      throw error;
    }
  }

  inspect(id: string): ExecView {
    const { container, config, pid, status, exitCode } = this.#find(id);
    return { id, containerId: container.id, config, running: status === 'running', pid, exitCode };
  }

  async resize(_context: CallContext, id: string, size: { rows: number; columns: number }): Promise<void> {
    const exec = this.#find(id);
    await awakeTask(exec.container).resize(size, exec.process);
  }

  async kill(_context: CallContext, id: string, signal: string): Promise<void> {
    const number = signalNumber(signal);
    const { container, process, status } = this.#find(id);
    if (status !== 'running') return;
    try {
      await container.task?.signalExec(process, number);
    } catch (error) {
      // It ended meanwhile, or the whole container did.
      if (!isKind(error, 'not_found') && !isKind(error, 'unavailable')) throw error;
    }
  }

  async wait(id: string): Promise<ExitResult> {
    const exec = this.#find(id);
    if (exec.status === 'ended') return { exitCode: exec.exitCode };
    return await new Promise((resolve) => exec.waiters.add(resolve));
  }

  /** Ids of the execs of a container that have not ended. */
  of(containerId: string): string[] {
    return [...this.#execs.values()]
      .filter((exec) => exec.container.id === containerId && exec.status !== 'ended')
      .map((exec) => exec.id);
  }

  #find(id: string): ExecEntry {
    const exec = this.#execs.get(id);
    if (exec !== undefined) return exec;
    throw new BerthError('not_found', `no such exec: ${id}`, { code: 'no_such_exec' });
  }

  /** The next number that no running exec has: one is given again as late as can be. */
  #freeProcess(container: ContainerEntry): number {
    const used = new Set(this.#running(container).map(({ process }) => process));
    let process = this.#lastProcess.get(container) ?? 0;
    for (let tries = 0; tries < lastProcess; tries++) {
      process = (process % lastProcess) + 1;
      if (used.has(process)) continue;
      this.#lastProcess.set(container, process);
      return process;
    }
    throw new BerthError('resource_exhausted', `container ${container.name} runs ${lastProcess} execs already`, {
      code: 'too_many_execs',
    });
  }

  #running(container: ContainerEntry): ExecEntry[] {
    return [...this.#execs.values()].filter((exec) => exec.container === container && exec.status === 'running');
  }

  /** Each time the numbers begin again, the lines of execs that have ended are dropped. */
  async #save(exec: ExecEntry): Promise<void> {
    const file = foldersOf(this.#backend, exec.container.id).execs;
    if (exec.process > 1) await appendFile(file, savedLine(exec), { mode: 0o600 });
    else await writeFile(file, this.#running(exec.container).map(savedLine).join(''), { mode: 0o600 });
  }

  #listen(container: ContainerEntry): void {
    container.onExecExit ??= (exit) => this.#ended(container, exit);
  }

  #ended(container: ContainerEntry, exit: Exit): void {
    for (const exec of this.#execs.values()) {
      if (exec.container !== container || exec.process !== exit.process || exec.status !== 'running') continue;
      end(exec, exit.code);
      publish(this.#backend, container, 'exec_die', { execID: exec.id, exitCode: String(exit.code) });
    }
  }

  /** The kernel kills what is left in a pid namespace with its first process. */
  #endAll(containerId: string): void {
    for (const exec of this.#execs.values()) {
      if (exec.container.id !== containerId || exec.status !== 'running') continue;
      end(exec, 137);
    }
  }

  /** Health checks make thousands a day: who has not asked by now will not ask. */
  #forgetOld(): void {
    const limit = Date.now() - endedFor;
    for (const { id, status, endedAt } of this.#execs.values()) {
      if (status === 'ended' && endedAt < limit) this.#execs.delete(id);
    }
  }

  #forgetAll(containerId: string): void {
    for (const exec of this.#execs.values()) if (exec.container.id === containerId) this.#execs.delete(exec.id);
  }
}

function newExec(id: string, container: ContainerEntry, config: ExecConfig): ExecEntry {
  const waiters = new Set<(exit: ExitResult) => void>();
  return { id, container, config, process: 0, pid: 0, status: 'created', exitCode: 0, endedAt: 0, waiters };
}

function end(exec: ExecEntry, exitCode: number): void {
  Object.assign(exec, { status: 'ended', exitCode, endedAt: Date.now() } satisfies Partial<ExecEntry>);
  for (const tell of exec.waiters) tell({ exitCode });
  exec.waiters.clear();
}

/** What the journal says of an exec, in its order: a later start of the same number is another run. */
function replay(exec: ExecEntry | undefined, event: JournalEvent): void {
  if (exec === undefined) return;
  if (event.event === 'start') Object.assign(exec, { pid: event.pid, status: 'running', exitCode: 0, endedAt: 0 });
  if (event.event === 'exit') end(exec, event.code);
}

interface SavedExec {
  readonly id: string;
  readonly process: number;
  readonly config: ExecConfig;
}

function savedLine({ id, process, config }: SavedExec): string {
  return `${JSON.stringify({ id, process, config } satisfies SavedExec)}\n`;
}

async function readSaved(file: string): Promise<SavedExec[]> {
  try {
    const lines = (await readFile(file, 'utf8')).split('\n').slice(0, -1);
    return lines.map((line) => JSON.parse(line) as SavedExec);
  } catch (error) {
    if (errnoName(error) === 'ENOENT') return [];
    throw error;
  }
}
