import type { EngineEvent, EventListener, Events } from './contract.ts';

/** Delivers events in order, at once, to every listener. A listener that throws is its own problem. */
export class EventBus implements Events {
  readonly #listeners = new Set<EventListener>();

  publish(event: Omit<EngineEvent, 'at'>): void {
    const stamped = { ...event, at: Date.now() };
    for (const listener of this.#listeners) listener(stamped);
  }

  /** @returns a function that ends the subscription */
  subscribe(listener: EventListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}
