import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { backgroundContext, type CallContext, silentLog, withLease } from '@berth/model/context';
import { type Digest, sha256 } from '@berth/model/digest';
import type { Labels } from '../content.ts';
import { openStores, type Stores } from '../open-stores.ts';

/**
 * Images, recorded leases that end, labels in both directions, ingests, and namespaces that go from group to group:
 * what is left after a collection is what a rule says that is asked of each blob alone ("does anything hold you?"),
 * going up from it, where the collector goes down from all holders at once.
 */
const namespaces = ['default', 'moby', 'alone'] as const;
const texts = ['a', 'b', 'c', 'd'];
const hour = 3_600_000;
type Namespace = (typeof namespaces)[number];

type Command =
  | {
      readonly do: 'put';
      readonly namespace: Namespace;
      readonly text: string;
      readonly lease: string;
      readonly labels: Reference;
    }
  | { readonly do: 'name'; readonly namespace: Namespace; readonly text: string; readonly hours: number }
  | { readonly do: 'unname'; readonly namespace: Namespace; readonly text: string }
  | {
      readonly do: 'lease';
      readonly namespace: Namespace;
      readonly lease: string;
      readonly hours: number;
      readonly flat: boolean;
    }
  | { readonly do: 'release'; readonly namespace: Namespace; readonly lease: string }
  | { readonly do: 'move'; readonly namespace: Namespace; readonly group: string }
  | { readonly do: 'wait'; readonly hours: number }
  | { readonly do: 'collect' | 'reopen' };

interface Reference {
  readonly kind: 'none' | 'content' | 'image' | 'bref content' | 'bref image';
  readonly to: string;
}

interface Image {
  readonly namespace: string;
  readonly name: string;
  /** Infinity: it has no end. */
  readonly until: number;
}

interface Lease {
  readonly until: number;
  readonly flat: boolean;
  readonly texts: Set<string>;
}

class Model {
  now = 0;
  readonly groups = new Map<string, string>([
    ['default', 'g'],
    ['moby', 'g'],
    ['alone', ''],
  ]);
  /** `scope text` to its labels. */
  blobs = new Map<string, Reference[]>();
  images: Image[] = [];
  readonly leases = new Map<string, Lease>();

  scope(namespace: string): string {
    return this.groups.get(namespace) || `=${namespace}`;
  }

  members(scope: string): string[] {
    return namespaces.filter((one) => this.scope(one) === scope);
  }

  /** Whether a blob is held, by looking at everything that could hold it. */
  isHeld(scope: string, text: string, asked: ReadonlySet<string> = new Set()): boolean {
    const id = `blob ${scope} ${text}`;
    if (asked.has(id)) return false;
    const next = new Set([...asked, id]);
    if (this.#isLeased(scope, text)) return true;
    const members = this.members(scope);
    const namedAs = this.images.filter((image) => members.includes(image.namespace) && image.name === text);
    if (namedAs.some((image) => this.isImageHeld(image, next))) return true;
    if ((this.blobs.get(`${scope} ${text}`) ?? []).some((label) => this.#holdsBack(scope, label, next))) return true;
    const parents = texts.filter((one) => this.#labels(scope, one, 'content', text));
    return parents.some((one) => this.isHeldDeeply(scope, one, next));
  }

  /** A flat lease holds the blob itself, and nothing below it. */
  isHeldDeeply(scope: string, text: string, asked: ReadonlySet<string>): boolean {
    const flat = [...this.leases].filter(([, lease]) => lease.flat);
    for (const [id] of flat) this.leases.set(id, { ...this.leases.get(id)!, texts: new Set() });
    try {
      return this.isHeld(scope, text, asked);
    } finally {
      for (const [id, lease] of flat) this.leases.set(id, lease);
    }
  }

  isImageHeld(image: Image, asked: ReadonlySet<string>): boolean {
    if (image.until > this.now) return true;
    const id = `image ${image.namespace} ${image.name}`;
    if (asked.has(id)) return false;
    const next = new Set([...asked, id]);
    const scope = this.scope(image.namespace);
    return texts.some((one) => this.#labels(scope, one, 'image', image.name) && this.isHeldDeeply(scope, one, next));
  }

  collect(): void {
    for (const [id, lease] of this.leases) if (lease.until <= this.now) this.leases.delete(id);
    const blobs = [...this.blobs].filter(([key]) => this.isHeld(...(key.split(' ') as [string, string])));
    const images = this.images.filter((image) => this.isImageHeld(image, new Set()));
    this.blobs = new Map(blobs);
    this.images = images;
  }

  #isLeased(scope: string, text: string): boolean {
    return [...this.leases].some(
      ([id, { until, texts: held }]) => until > this.now && held.has(text) && this.scope(id.split(' ')[0]!) === scope,
    );
  }

  #holdsBack(scope: string, { kind, to }: Reference, asked: ReadonlySet<string>): boolean {
    if (kind === 'bref content') return this.blobs.has(`${scope} ${to}`) && this.isHeldDeeply(scope, to, asked);
    if (kind !== 'bref image') return false;
    const members = this.members(scope);
    const holders = this.images.filter((image) => members.includes(image.namespace) && image.name === to);
    return holders.some((image) => this.isImageHeld(image, asked));
  }

  #labels(scope: string, text: string, kind: Reference['kind'], to: string): boolean {
    return (this.blobs.get(`${scope} ${text}`) ?? []).some((label) => label.kind === kind && label.to === to);
  }
}

const labelNames = {
  none: '',
  content: 'containerd.io/gc.ref.content',
  image: 'containerd.io/gc.ref.image',
  'bref content': 'containerd.io/gc.bref.content',
  'bref image': 'containerd.io/gc.bref.image',
} as const;

function labelsOf({ kind, to }: Reference): Labels {
  if (kind === 'none') return {};
  return { [labelNames[kind]]: kind.endsWith('image') ? to : sha256(to) };
}

/** One command on both. */
class Pair {
  readonly model = new Model();
  readonly root = mkdtempSync(path.join(tmpdir(), 'berth-names-'));
  readonly start = Date.now();
  stores!: Stores;

  async open(): Promise<void> {
    const now = (): number => this.start + this.model.now * hour;
    this.stores = await openStores({ root: this.root, log: silentLog, snapshotter: 'overlayfs', now });
    this.model.collect();
  }

  async run(command: Command): Promise<void> {
    const { model, stores } = this;
    switch (command.do) {
      case 'put':
        return await this.#put(command);
      case 'name': {
        const { namespace, text: name, hours } = command;
        const until = hours === 0 ? Infinity : model.now + hours;
        const sharers = model.members(model.scope(namespace));
        model.images = model.images.filter(
          (image) => image.name !== name || !sharers.includes(image.namespace as Namespace),
        );
        for (const sharer of sharers) model.images.push({ namespace: sharer, name, until });
        const end = new Date(this.start + until * hour);
        const labels: Labels = hours === 0 ? {} : { 'containerd.io/gc.expire': end.toISOString() };
        const target = { mediaType: 'm', digest: sha256(name), size: 1 };
        await stores.metadata.write((tx) => tx.images.put({ namespace, name, target, labels }));
        return;
      }
      case 'unname': {
        const { namespace, text: name } = command;
        model.images = model.images.filter((image) => image.namespace !== namespace || image.name !== name);
        await stores.metadata.write((tx) => tx.images.delete(namespace, name)).catch(() => undefined);
        return;
      }
      case 'lease': {
        const { namespace, lease: id, hours, flat } = command;
        const key = `${namespace} ${id}`;
        if ((model.leases.get(key)?.until ?? -1) > model.now) return;
        model.leases.set(key, { until: model.now + hours, flat, texts: new Set() });
        const labels: Labels = flat ? { 'containerd.io/gc.flat': 'yes' } : {};
        const expiresAt = this.start + (model.now + hours) * hour;
        await stores.metadata.write((tx) => tx.leases.create({ namespace, id, labels, expiresAt }));
        return;
      }
      case 'release':
        model.leases.delete(`${command.namespace} ${command.lease}`);
        await stores.metadata.write((tx) => tx.leases.delete(command.namespace, command.lease)).catch(() => undefined);
        return;
      case 'move':
        return await this.#move(command.namespace, command.group);
      case 'wait':
        model.now += command.hours;
        return;
      case 'collect':
        model.collect();
        await stores.collector.collect();
        return;
      case 'reopen':
        await stores[Symbol.asyncDispose]();
        await this.open();
    }
  }

  async check(): Promise<void> {
    const { model, stores } = this;
    for (const namespace of namespaces) {
      const scope = model.scope(namespace);
      const blobs = texts.filter((text) => model.blobs.has(`${scope} ${text}`)).map((text) => sha256(text));
      const found = await Array.fromAsync(stores.content.list(inNamespace(namespace)));
      assert.deepEqual(
        found.map(({ digest }): Digest => digest),
        blobs.toSorted(),
        `content of ${namespace}`,
      );
      const images = model.images.filter((image) => image.namespace === namespace).map(({ name }) => name);
      const names = stores.metadata.read((tx) => tx.images.list(namespace).map(({ name }) => name));
      assert.deepEqual(names, images.toSorted(), `images of ${namespace}`);
    }
  }

  async #put({ namespace, text, lease, labels }: Extract<Command, { do: 'put' }>): Promise<void> {
    const { model, stores } = this;
    const key = `${model.scope(namespace)} ${text}`;
    const held = model.leases.get(`${namespace} ${lease}`);
    const isLeased = held !== undefined && held.until > model.now;
    // Labels of one kind replace each other.
    const others = (model.blobs.get(key) ?? []).filter(({ kind }) => kind !== labels.kind);
    model.blobs.set(key, labels.kind === 'none' ? others : [...others, labels]);
    if (isLeased) held.texts.add(text);
    const context = isLeased ? withLease(inNamespace(namespace), lease) : inNamespace(namespace);
    await using ingest = await stores.content.ingest(context, text);
    await ingest.write(Buffer.from(text));
    await ingest.commit(context, {}, { labels: labelsOf(labels) });
  }

  async #move(namespace: Namespace, group: string): Promise<void> {
    const { model, stores } = this;
    const before = model.scope(namespace);
    model.groups.set(namespace, group);
    const after = model.scope(namespace);
    if (before !== after) {
      for (const [key, labels] of model.blobs) {
        const [scope, text] = key.split(' ') as [string, string];
        if (scope !== before) continue;
        const there = model.blobs.get(`${after} ${text}`) ?? [];
        const missing = labels.filter(({ kind }) => !there.some((label) => label.kind === kind));
        model.blobs.set(`${after} ${text}`, [...there, ...missing]);
        if (model.members(before).length === 0) model.blobs.delete(key);
      }
      if (group !== '') this.#share(namespace, model.members(after));
    }
    const shareGroup = group === 'g' ? 'default' : group;
    await stores.metadata.write((tx) => tx.namespaces.put({ name: namespace, labels: {}, shareGroup }));
  }

  #share(joined: Namespace, members: readonly string[]): void {
    const { model } = this;
    const add = (namespace: string, { name, until }: Image): void => {
      const has = model.images.some((image) => image.namespace === namespace && image.name === name);
      if (!has) model.images.push({ namespace, name, until });
    };
    const own = model.images.filter((image) => image.namespace === joined);
    const theirs = model.images.filter((image) => image.namespace !== joined && members.includes(image.namespace));
    for (const image of theirs) add(joined, image);
    for (const image of own) for (const member of members) add(member, image);
  }
}

function inNamespace(name: string): CallContext {
  return backgroundContext(silentLog, name);
}

const namespace = fc.constantFrom(...namespaces);
const text = fc.constantFrom(...texts);
const lease = fc.constantFrom('l1', 'l2');
const kind = fc.constantFrom<Reference['kind'][]>('none', 'content', 'content', 'image', 'bref content', 'bref image');
const hours = fc.integer({ min: 1, max: 4 });
const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('put' as const),
      namespace,
      text,
      lease,
      labels: fc.record({ kind, to: text }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('name' as const), namespace, text, hours: fc.constant(0) }) },
  fc.record({ do: fc.constant('unname' as const), namespace, text }),
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('lease' as const), namespace, lease, hours, flat: fc.boolean() }),
  },
  fc.record({ do: fc.constant('release' as const), namespace, lease }),
  fc.record({ do: fc.constant('move' as const), namespace, group: fc.constantFrom('', 'g', 'h') }),
  fc.record({ do: fc.constant('wait' as const), hours }),
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constantFrom('collect' as const, 'collect' as const, 'reopen' as const) }),
  },
);

describe('names, leases, labels and groups', () => {
  it('agree with a rule that is asked of each blob alone', async () => {
    const property = fc.asyncProperty(fc.array(command, { maxLength: 25 }), async (commands) => {
      const pair = new Pair();
      try {
        await pair.open();
        for (const one of commands) {
          await pair.run(one);
          await pair.check();
        }
      } finally {
        await pair.stores[Symbol.asyncDispose]();
        rmSync(pair.root, { recursive: true });
      }
    });
    await fc.assert(property, { numRuns: Number(process.env['BERTH_PROPERTY_RUNS'] ?? 25) });
  });
});
