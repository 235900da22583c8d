import { BerthError } from '@berth/model/error';
import type { ContainerEntry } from '../container/entry.ts';
import { SerialLock } from '../container/serial-lock.ts';
import type { PodRecord, PodState, PodView } from './contract.ts';

export interface PodIdentity {
  readonly namespace: string;
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
}

/**
 * One pod in the daemon's memory: its record, its sandbox's process and its containers. Stop and remove hold `lock`;
 * what is done inside the pod meanwhile is `use`.
 */
export class PodEntry implements PodIdentity {
  readonly namespace: string;
  readonly id: string;
  readonly createdAt: number;
  readonly lock = new SerialLock();
  readonly containers = new Set<ContainerEntry>();
  sandbox: ContainerEntry | undefined;
  record: PodRecord;
  removed = false;
  /** Seen by nobody but who makes it: what is not ready yet must not be taken for what is ready no more. */
  isHidden = false;
  #isClosed = false;
  readonly #uses = new Set<Promise<unknown>>();

  constructor({ namespace, id, createdAt }: PodIdentity, record: PodRecord) {
    this.namespace = namespace;
    this.id = id;
    this.createdAt = createdAt;
    this.record = record;
  }

  get state(): PodState {
    return this.record.phase === 'running' && this.sandbox?.isRunning === true ? 'ready' : 'not_ready';
  }

  change(change: Partial<PodRecord>): void {
    this.record = { ...this.record, ...change };
  }

  view(): PodView {
    const { namespace, id, createdAt, state } = this;
    return { namespace, id, createdAt, ...this.record, state, pid: this.sandbox?.state.pid ?? 0 };
  }

  /** Something that needs the pod ready: `close` waits for it. @throws failed_precondition (`pod_not_ready`) */
  async use<T>(action: () => Promise<T>): Promise<T> {
    if (this.#isClosed || this.state !== 'ready') {
      throw new BerthError('failed_precondition', `pod ${this.id} is not ready`, {
        code: 'pod_not_ready',
        hint: 'its sandbox has ended or was stopped: run another pod',
      });
    }
    const use = action();
    this.#uses.add(use);
    try {
      return await use;
    } finally {
      this.#uses.delete(use);
    }
  }

  /** Nothing new begins in it; resolves when what has begun is done. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.allSettled(this.#uses);
  }
}
