import { randomBytes } from 'node:crypto';
import { appendFile, readFile } from 'node:fs/promises';
import type { CallContext } from '@berth/model/context';
import { BerthError, errnoName } from '@berth/model/error';
import { compileExec } from '@berth/runtime/compile/exec';
import type { Exit } from '@berth/runtime/shim/message';
import type { AttachedStream, AttachRequest, ExecConfig, ExecService, ExecView } from './contract.ts';
import type { ContainerBackend } from './backend.ts';
import { awakeTask } from './containers.ts';
import type { ContainerEntry } from './entry.ts';
import { execProcess } from './exec-process.ts';
import { cgroupPathOf, foldersOf } from './places.ts';
import { publish } from './publish.ts';
import { startError } from './start-error.ts';
import { readJournal } from './task.ts';

/** Process numbers of one shim, docs/shim.md. */
const lastProcess = 1023;

interface ExecEntry {
  readonly id: string;
  readonly container: ContainerEntry;
  readonly config: ExecConfig;
  /** 0 before the start. */
  process: number;
  pid: number;
  status: 'created' | 'running' | 'ended';
  exitCode: number;
}

/** Execs in memory; those that were started are also in a file beside the shim's journal. */
export class Execs implements ExecService {
  readonly #backend: ContainerBackend;
  readonly #execs = new Map<string, ExecEntry>();

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
      const saved = await readSaved(execs);
      if (saved.length === 0) continue;
      this.#listen(container);
      const events = await readJournal(journal);
      for (const { id, process, config } of saved) {
        const start = events.find((event) => event.event === 'start' && event.process === process);
        const exit = events.find((event) => event.event === 'exit' && event.process === process);
        const isOver = exit?.event === 'exit' || !container.isRunning;
        this.#execs.set(id, {
          id,
          container,
          config,
          process,
          pid: start?.event === 'start' ? start.pid : 0,
          status: isOver ? 'ended' : 'running',
          exitCode: exit?.event === 'exit' ? exit.code : 0,
        });
      }
    }
  }

  create(context: CallContext, ref: string, config: ExecConfig): Promise<string> {
    const container = this.#backend.registry.find(context.namespace, ref);
    awakeTask(container);
    const id = randomBytes(32).toString('hex');
    this.#execs.set(id, { id, container, config, process: 0, pid: 0, status: 'created', exitCode: 0 });
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
    const { spec } = container.record;
    const plan = compileExec(execProcess(container.record, config, task.pid), {
      cgroup: this.#backend.cgroups,
      cgroupPath: cgroupPathOf(this.#backend, container.id),
      stdin: attach?.stdin ?? false,
      capabilities: this.#backend.capabilities,
      namespaces: spec.linux.namespaces,
      ...(spec.linux.resources?.devices === undefined ? {} : { devices: spec.linux.resources.devices }),
      ...(spec.linux.seccomp === undefined || config.privileged ? {} : { seccomp: spec.linux.seccomp }),
    });
    exec.process = this.#freeProcess(container);
    this.#listen(container);
    exec.status = 'running';
    try {
      await appendFile(foldersOf(this.#backend, container.id).execs, savedLine(exec), { mode: 0o600 });
      const { started, line } = await task.exec(exec.process, plan, attach);
      exec.pid = started.pid;
      publish(this.#backend, container, 'exec_start', { execID: id });
      if (attach?.size !== undefined) await task.resize(attach.size, exec.process).catch(() => undefined);
      return line;
    } catch (cause) {
      const { error, exitCode } = startError(cause, plan, container.name);
      exec.status = 'ended';
      exec.exitCode = exitCode;
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

  #freeProcess(container: ContainerEntry): number {
    const used = new Set<number>();
    for (const exec of this.#execs.values()) {
      if (exec.container === container && exec.status === 'running') used.add(exec.process);
    }
    for (let process = 1; process <= lastProcess; process++) if (!used.has(process)) return process;
    throw new BerthError('resource_exhausted', `container ${container.name} runs ${lastProcess} execs already`, {
      code: 'too_many_execs',
    });
  }

  #listen(container: ContainerEntry): void {
    container.onExecExit ??= (exit) => this.#ended(container, exit);
  }

  #ended(container: ContainerEntry, exit: Exit): void {
    for (const exec of this.#execs.values()) {
      if (exec.container !== container || exec.process !== exit.process || exec.status !== 'running') continue;
      exec.status = 'ended';
      exec.exitCode = exit.code;
      publish(this.#backend, container, 'exec_die', { execID: exec.id, exitCode: String(exit.code) });
    }
  }

  /** The kernel kills what is left in a pid namespace with its first process. */
  #endAll(containerId: string): void {
    for (const exec of this.#execs.values()) {
      if (exec.container.id !== containerId || exec.status !== 'running') continue;
      exec.status = 'ended';
      exec.exitCode = 137;
    }
  }

  #forgetAll(containerId: string): void {
    for (const exec of this.#execs.values()) if (exec.container.id === containerId) this.#execs.delete(exec.id);
  }
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
