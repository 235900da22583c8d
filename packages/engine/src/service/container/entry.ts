import type { Exit } from '@berth/runtime/shim/message';
import type { ContainerRecord, ContainerState, ContainerView, ExitResult, WaitCondition } from './contract.ts';
import { SerialLock } from './serial-lock.ts';
import type { StartRecordFile } from './start-record.ts';
import type { StopLoop } from './stop.ts';
import type { Task } from './task.ts';

/**
 * One container in the daemon's memory: its record, the task while it runs, and who waits for its end.
 * Operations that change it hold `lock`; the exit of its process does not, because it just happens.
 */
export class ContainerEntry {
  readonly namespace: string;
  readonly id: string;
  readonly createdAt: number;
  readonly snapshotKey: string;
  readonly lock = new SerialLock();
  readonly startRecord: StartRecordFile;
  name: string;
  record: ContainerRecord;
  task: Task | undefined;
  stopLoop: StopLoop | undefined;
  removed = false;
  /** Nothing is left of its last run: no process, cgroup or mount. Unknown, so false, of what an earlier daemon ran. */
  cleaned = false;
  /** Hears of every exec of this container that ends. */
  onExecExit: ((exit: Exit) => void) | undefined;
  readonly #waiters = new Set<Waiter>();

  constructor(view: ContainerView, startRecord: StartRecordFile) {
    const { namespace, id, name, createdAt, snapshotKey, ...record } = view;
    this.namespace = namespace;
    this.id = id;
    this.name = name;
    this.createdAt = createdAt;
    this.snapshotKey = snapshotKey;
    this.record = record;
    this.startRecord = startRecord;
  }

  get state(): ContainerState {
    return this.record.state;
  }

  get isRunning(): boolean {
    return this.state.status === 'running' || this.state.status === 'paused';
  }

  view(): ContainerView {
    const { namespace, id, name, createdAt, snapshotKey } = this;
    return { namespace, id, name, createdAt, snapshotKey, ...this.record };
  }

  changeState(change: Partial<ContainerState>): void {
    this.record = { ...this.record, state: { ...this.state, ...change } };
  }

  tellExecExit(exit: Exit): void {
    this.onExecExit?.(exit);
  }

  /** Tells those who wait for an end of the process. */
  tellExit(): void {
    this.#settle((condition) => condition !== 'removed');
  }

  tellRemoved(): void {
    this.removed = true;
    this.#settle(() => true);
  }

  wait(condition: WaitCondition, signal: AbortSignal): Promise<ExitResult> {
    if (condition === 'not-running' && !this.isRunning) return Promise.resolve(this.#result());
    return new Promise((resolve, reject) => {
      const waiter = { condition, resolve };
      this.#waiters.add(waiter);
      signal.addEventListener('abort', () => this.#waiters.delete(waiter) && reject(signal.reason as Error), {
        once: true,
      });
    });
  }

  #settle(matches: (condition: WaitCondition) => boolean): void {
    for (const waiter of this.#waiters) {
      if (!matches(waiter.condition)) continue;
      this.#waiters.delete(waiter);
      waiter.resolve(this.#result());
    }
  }

  #result(): ExitResult {
    const { exitCode, error } = this.state;
    return error === '' ? { exitCode } : { exitCode, error };
  }
}

interface Waiter {
  readonly condition: WaitCondition;
  readonly resolve: (result: ExitResult) => void;
}
