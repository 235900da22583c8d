/** What happened, told to whoever listens: API clients, waiters, the CRI's event stream. */
export interface EngineEvent {
  readonly type: 'container' | 'image';
  /** Docker's action names: create, start, die, oom, … */
  readonly action: string;
  readonly id: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** Milliseconds since 1970. */
  readonly at: number;
}

export type EventListener = (event: EngineEvent) => void;

/** Delivers events in order, at once, to every listener. A listener that throws is its own problem. */
export class EventBus {
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
