import type { Log } from '@berth/model/context';
import { BerthError } from '@berth/model/error';
import type { MetadataStore } from '#store/metadata';
import type { ContainerEntry } from '../container/entry.ts';
import type { PodRecord } from './contract.ts';
import { PodEntry } from './entry.ts';

/** Milliseconds: behind the answer, which a write to disk would hold back. */
const saveDelay = 50;

/** The pods and their containers that the daemon knows, in memory, and the pods' rows in the metadata store. */
export class PodRegistry {
  readonly #metadata: MetadataStore;
  readonly #log: Log;
  readonly #pods = new Map<string, PodEntry>();
  /** Sandboxes too, under the pod's id. */
  readonly #containers = new Map<string, { readonly pod: PodEntry; readonly container: ContainerEntry }>();

  constructor(metadata: MetadataStore, log: Log) {
    this.#metadata = metadata;
    this.#log = log;
    for (const { record, ...identity } of metadata.read((tx) => tx.pods.list())) {
      this.#pods.set(identity.id, new PodEntry(identity, record as PodRecord));
    }
  }

  /** Hidden ones too. */
  all(): PodEntry[] {
    return [...this.#pods.values()];
  }

  get(id: string): PodEntry | undefined {
    return this.#pods.get(id);
  }

  /** Newest first. */
  list(namespace: string): PodEntry[] {
    return this.all()
      .filter((pod) => pod.namespace === namespace && !pod.isHidden)
      .toSorted((a, b) => b.createdAt - a.createdAt);
  }

  /** @throws not_found (`no_such_pod`), invalid_argument (`ambiguous_id`) */
  find(namespace: string, ref: string): PodEntry {
    const exact = this.#pods.get(ref);
    if (exact !== undefined && exact.namespace === namespace && !exact.isHidden) return exact;
    return onlyOne(beginning(this.list(namespace), ref), { what: 'pod', ref });
  }

  /** A pod's container that is no sandbox. @throws not_found (`no_such_container`), invalid_argument (`ambiguous_id`) */
  findContainer(namespace: string, ref: string): { readonly pod: PodEntry; readonly container: ContainerEntry } {
    const exact = this.#containers.get(ref);
    if (exact !== undefined && exact.pod.namespace === namespace && isOrdinary(exact)) return exact;
    const all = [...this.#containers.values()].filter((one) => one.pod.namespace === namespace && isOrdinary(one));
    const matches = beginning(
      all.map((one) => ({ ...one, id: one.container.id })),
      ref,
    );
    return onlyOne(matches, { what: 'container', ref });
  }

  /** Any container of a pod, or a sandbox. */
  member(id: string): { readonly pod: PodEntry; readonly container: ContainerEntry } | undefined {
    return this.#containers.get(id);
  }

  /** Durable when it resolves. */
  async add(pod: PodEntry): Promise<void> {
    this.#pods.set(pod.id, pod);
    await this.save(pod);
  }

  /** Durable when it resolves. */
  async save(pod: PodEntry): Promise<void> {
    const { namespace, id, createdAt, record } = pod;
    await this.#metadata.write((tx) => {
      // Removed meanwhile.
      if (!pod.removed) tx.pods.put({ namespace, id, createdAt, record });
    });
  }

  /** For what may be lost: the next daemon finds out by itself. */
  saveSoon(pod: PodEntry): void {
    const save = (): void => {
      this.save(pod).catch((error: unknown) => {
        this.#log.debug('a pod was not saved', { id: pod.id, error: String(error) });
      });
    };
    setTimeout(save, saveDelay).unref();
  }

  async delete(pod: PodEntry): Promise<void> {
    // Before the write: a save that shares its transaction must not put the row back.
    pod.removed = true;
    try {
      await this.#metadata.write((tx) => tx.pods.delete(pod.id));
    } catch (error) {
      pod.removed = false;
      throw error;
    }
    this.#pods.delete(pod.id);
  }

  addMember(pod: PodEntry, container: ContainerEntry): void {
    this.#containers.set(container.id, { pod, container });
    if (container.record.pod?.role === 'sandbox') pod.sandbox = container;
    else pod.containers.add(container);
  }

  dropMember(id: string): void {
    const member = this.#containers.get(id);
    if (member === undefined) return;
    this.#containers.delete(id);
    member.pod.containers.delete(member.container);
  }
}

function isOrdinary({ container }: { readonly container: ContainerEntry }): boolean {
  return container.record.pod?.role === 'container';
}

function beginning<T extends { readonly id: string }>(all: readonly T[], ref: string): T[] {
  return ref === '' ? [] : all.filter(({ id }) => id.startsWith(ref));
}

function onlyOne<T>(matches: readonly T[], { what, ref }: { readonly what: string; readonly ref: string }): T {
  const [first, second] = matches;
  if (first === undefined) throw new BerthError('not_found', `no such ${what}: ${ref}`, { code: `no_such_${what}` });
  if (second === undefined) return first;
  throw new BerthError('invalid_argument', `several ${what}s have ids that start with ${ref}`, {
    code: 'ambiguous_id',
    hint: 'give more characters of the id',
  });
}
