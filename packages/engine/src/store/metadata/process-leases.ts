import { randomUUID } from 'node:crypto';
import type { LeaseResource } from './lease-table.ts';

interface HeldResource extends LeaseResource {
  readonly namespace: string;
}

/**
 * Leases of operations of this process. They end with it in any case, so they are not recorded and cost no
 * write: what a killed daemon had half done is garbage for the next one.
 */
export class ProcessLeases {
  readonly #held = new Map<string, Map<string, HeldResource>>();

  create(): string {
    const id = `process-${randomUUID()}`;
    this.#held.set(id, new Map());
    return id;
  }

  has(id: string): boolean {
    return this.#held.has(id);
  }

  release(id: string): void {
    this.#held.delete(id);
  }

  /** False when the id is not one of these leases. */
  protect(id: string, resource: HeldResource): boolean {
    const held = this.#held.get(id);
    held?.set(nameOf(resource), resource);
    return held !== undefined;
  }

  /** False when the id is not one of these leases. */
  unprotect(id: string, resource: HeldResource): boolean {
    const held = this.#held.get(id);
    held?.delete(nameOf(resource));
    return held !== undefined;
  }

  protected(): (HeldResource & { readonly lease: string })[] {
    return [...this.#held].flatMap(([lease, resources]) => [...resources.values()].map((one) => ({ lease, ...one })));
  }
}

function nameOf({ namespace, kind, key }: HeldResource): string {
  return `${namespace} ${kind} ${key}`;
}
