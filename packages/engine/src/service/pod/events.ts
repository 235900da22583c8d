import { BerthError } from '@berth/model/error';
import type { Events } from '../event/contract.ts';
import type { ContainerEntry } from '../container/entry.ts';
import type { PodContainerView, PodEvent, PodEvents } from './contract.ts';
import type { PodEntry } from './entry.ts';
import type { PodRegistry } from './registry.ts';
import { containerView } from './views.ts';

/** As many events as a subscriber may be behind. */
const longestQueue = 4096;

const types = { start: 'started', die: 'stopped', destroy: 'deleted' } as const;

/** Tells what happens to pods: what the container service tells of their processes, and what pods themselves go through. */
export class PodEventHub implements PodEvents {
  readonly #subscribers = new Set<Subscriber>();

  /** Hears of the ends and removals of containers, whoever asked for them. */
  listen(events: Events, pods: PodRegistry, onGone: (pod: PodEntry, container: ContainerEntry) => void): () => void {
    return events.subscribe(({ type, action, id }) => {
      const member = type === 'container' ? pods.member(id) : undefined;
      if (member === undefined || !(action in types)) return;
      const { pod, container } = member;
      if (action === 'destroy') {
        pods.dropMember(id);
        onGone(pod, container);
      }
      const isSandbox = container.record.pod?.role === 'sandbox';
      // A sandbox's beginning and removal are the pod's, who tells them itself; its end may come by itself.
      if (pod.isHidden || (isSandbox && action !== 'die')) return;
      this.tell(types[action as keyof typeof types], id, pod);
    });
  }

  tell(type: PodEvent['type'], id: string, pod: PodEntry): void {
    if (this.#subscribers.size === 0) return;
    const containers: PodContainerView[] = pod.removed ? [] : [...pod.containers].map((one) => containerView(pod, one));
    const at = BigInt(Date.now()) * 1_000_000n;
    const event: PodEvent = { id, type, at, containers, ...(pod.removed ? {} : { pod: pod.view() }) };
    for (const subscriber of this.#subscribers) subscriber.push(event);
  }

  async *subscribe(signal: AbortSignal): AsyncGenerator<PodEvent> {
    const subscriber = new Subscriber();
    this.#subscribers.add(subscriber);
    const wake = (): void => subscriber.wake();
    signal.addEventListener('abort', wake, { once: true });
    try {
      while (!signal.aborted) yield* await subscriber.next(signal);
    } finally {
      signal.removeEventListener('abort', wake);
      this.#subscribers.delete(subscriber);
    }
  }
}

/** What one subscriber has not taken yet. */
class Subscriber {
  #queue: PodEvent[] = [];
  #isLost = false;
  #woken: (() => void) | undefined;

  push(event: PodEvent): void {
    if (this.#isLost) return;
    this.#isLost = this.#queue.length >= longestQueue;
    if (!this.#isLost) this.#queue.push(event);
    this.wake();
  }

  wake(): void {
    this.#woken?.();
  }

  /** Empty once the signal is aborted. @throws resource_exhausted (`events_lost`) */
  async next(signal: AbortSignal): Promise<readonly PodEvent[]> {
    while (this.#queue.length === 0 && !signal.aborted && !this.#isLost) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#woken = resolve;
      await promise;
    }
    if (this.#isLost) {
      throw new BerthError('resource_exhausted', `the subscriber is ${longestQueue} events behind`, {
        code: 'events_lost',
        hint: 'list pods and containers, then subscribe again',
      });
    }
    const events = this.#queue;
    this.#queue = [];
    return events;
  }
}
