import type { EngineEvent, EventListener, Events } from './contract.ts';

/** As many as docker keeps. */
const kept = 256;

/** Delivers events in order, at once, to every listener. A listener that throws is its own problem. */
export class EventBus implements Events {
  readonly #listeners = new Set<EventListener>();
  readonly #recent: EngineEvent[] = [];

  publish(event: Omit<EngineEvent, 'at'>): void {
    const stamped = { ...event, at: Date.now() };
    this.#recent.push(stamped);
    if (this.#recent.length > kept) this.#recent.shift();
    for (const listener of this.#listeners) listener(stamped);
  }

  recent(): readonly EngineEvent[] {
    return [...this.#recent];
  }

  subscribe(listener: EventListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}
