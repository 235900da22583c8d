import { BerthError } from '@berth/model/error';
import type { Log } from '@berth/model/context';
import type { MetadataStore } from '#store/metadata';
import type { ContainerRecord } from './contract.ts';
import { ContainerEntry } from './entry.ts';
import type { StartRecordFile } from './start-record.ts';

/** Milliseconds. Until then a crash costs nothing: the shim's journal knows more than the record. */
const saveDelay = 50;

/**
 * The containers that the daemon knows, in memory, and their rows in the metadata store. A state of a running
 * container is also in its shim's journal, so writes of state are not waited for on the way of a start.
 */
export class ContainerRegistry {
  readonly #metadata: MetadataStore;
  readonly #log: Log;
  readonly #entries = new Map<string, ContainerEntry>();
  /** `namespace/name` to id. */
  readonly #names = new Map<string, string>();
  readonly #unsaved = new Set<ContainerEntry>();
  #saving: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;

  constructor(metadata: MetadataStore, log: Log, startRecordOf: (id: string) => StartRecordFile) {
    this.#metadata = metadata;
    this.#log = log;
    for (const row of metadata.read((tx) => tx.containers.list())) {
      const { namespace, id, name, createdAt, snapshotKey } = row;
      const view = { namespace, id, name, createdAt, snapshotKey, ...(row.record as ContainerRecord) };
      this.#remember(new ContainerEntry(view, startRecordOf(id)));
    }
  }

  /** Newest first. */
  list(namespace?: string): ContainerEntry[] {
    const all = [...this.#entries.values()].filter((e) => namespace === undefined || e.namespace === namespace);
    return all.toSorted((a, b) => b.createdAt - a.createdAt);
  }

  /** @throws not_found, invalid_argument (`ambiguous_id`) */
  find(namespace: string, ref: string): ContainerEntry {
    const named = this.#names.get(`${namespace}/${ref.replace(/^\//, '')}`);
    const exact = this.#entries.get(named ?? ref);
    if (exact !== undefined && exact.namespace === namespace) return exact;
    const matches = /^[0-9a-f]+$/.test(ref) ? this.list(namespace).filter((e) => e.id.startsWith(ref)) : [];
    const only = matches[0];
    if (matches.length > 1) {
      throw new BerthError('invalid_argument', `several containers have ids that start with ${ref}`, {
        code: 'ambiguous_id',
        hint: 'give more characters of the id',
      });
    }
    if (only !== undefined) return only;
    throw new BerthError('not_found', `no such container: ${ref}`, { code: 'no_such_container' });
  }

  nameTaken(namespace: string, name: string): ContainerEntry | undefined {
    return this.#entries.get(this.#names.get(`${namespace}/${name}`) ?? '');
  }

  /** @throws already_exists (`name_in_use`) */
  checkName(namespace: string, name: string): void {
    const holder = this.nameTaken(namespace, name);
    if (holder !== undefined) throw nameConflict(name, holder.id);
  }

  /** Durable when it resolves. @throws already_exists (`name_in_use`) */
  async add(entry: ContainerEntry, imageTarget: string): Promise<void> {
    const { namespace, id, name, createdAt, snapshotKey, record } = entry;
    this.checkName(namespace, name);
    this.#remember(entry);
    try {
      const row = { namespace, id, name, createdAt, snapshotKey, imageTarget, record };
      await this.#metadata.write((tx) => tx.containers.create(row));
    } catch (error) {
      this.#forget(entry);
      throw error;
    }
  }

  async rename(entry: ContainerEntry, name: string): Promise<void> {
    const holder = this.nameTaken(entry.namespace, name);
    if (holder !== undefined && holder !== entry) throw nameConflict(name, holder.id);
    await this.#metadata.write((tx) => tx.containers.update(entry.id, { name }));
    this.#names.delete(`${entry.namespace}/${entry.name}`);
    entry.name = name;
    this.#names.set(`${entry.namespace}/${name}`, entry.id);
  }

  /** Writes the entry's record soon; a short life, its start and its end, is one write. */
  save(entry: ContainerEntry): void {
    this.#unsaved.add(entry);
    this.#timer ??= setTimeout(() => void this.settled(), saveDelay);
  }

  /** Resolves when all that was handed to `save` is durable. */
  async settled(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#saving = this.#saving.then(() => this.#flush());
    await this.#saving;
  }

  async delete(entry: ContainerEntry): Promise<void> {
    this.#unsaved.delete(entry);
    await this.#metadata.write((tx) => tx.containers.delete(entry.id));
    this.#forget(entry);
  }

  async #flush(): Promise<void> {
    const entries = [...this.#unsaved].filter((entry) => this.#entries.has(entry.id));
    this.#unsaved.clear();
    if (entries.length === 0) return;
    try {
      await this.#metadata.write((tx) => {
        for (const { id, record } of entries) if (tx.containers.get(id)) tx.containers.update(id, { record });
      });
    } catch (error) {
      this.#log.error('container states could not be saved', { error: String(error) });
    }
  }

  #remember(entry: ContainerEntry): void {
    this.#entries.set(entry.id, entry);
    this.#names.set(`${entry.namespace}/${entry.name}`, entry.id);
  }

  #forget(entry: ContainerEntry): void {
    this.#entries.delete(entry.id);
    this.#names.delete(`${entry.namespace}/${entry.name}`);
  }
}

function nameConflict(name: string, id: string): BerthError {
  return new BerthError('already_exists', `the container name '${name}' is already in use by ${id.slice(0, 12)}`, {
    code: 'name_in_use',
    hint: `remove that container (berth rm ${name}) or give another name`,
  });
}
