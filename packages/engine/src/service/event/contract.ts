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

/** Where events come in and go out, in order. */
export interface Events {
  publish(event: Omit<EngineEvent, 'at'>): void;
  /** The last ones of this process, oldest first: what happened before anybody could listen is told too. */
  recent(): readonly EngineEvent[];
  /** @returns a function that ends the subscription */
  subscribe(listener: EventListener): () => void;
}
