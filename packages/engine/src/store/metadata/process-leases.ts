import { randomUUID } from 'node:crypto';
import type { LeaseResource } from './lease-table.ts';

interface Held {
  readonly namespace: string;
  readonly resources: Map<string, LeaseResource>;
}

/**
 * Leases of operations of this process. They end with it in any case, so they are not recorded and cost no
 * write: what a killed daemon had half done is garbage for the next one.
 */
export class ProcessLeases {
  readonly #held = new Map<string, Held>();

  create(namespace: string): string {
    const id = `process-${randomUUID()}`;
    this.#held.set(id, { namespace, resources: new Map() });
    return id;
  }

  release(id: string): void {
    this.#held.delete(id);
  }

  /** False when the id is not one of these leases. */
  protect(id: string, resource: LeaseResource): boolean {
    const held = this.#held.get(id);
    held?.resources.set(`${resource.kind} ${resource.key}`, resource);
    return held !== undefined;
  }

  protected(): (LeaseResource & { readonly namespace: string; readonly lease: string })[] {
    return [...this.#held].flatMap(([lease, { namespace, resources }]) =>
      [...resources.values()].map(({ kind, key }) => ({ namespace, lease, kind, key })),
    );
  }
}
