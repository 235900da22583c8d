import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { backgroundContext, type CallContext, silentLog, withLease } from '@berth/model/context';
import { type Digest, sha256 } from '@berth/model/digest';
import { BerthError } from '@berth/model/error';
import type { Lease } from '../metadata.ts';
import { openStores, type Stores } from '../open-stores.ts';

const namespaces = ['default', 'moby', 'other'] as const;
const texts = ['a', 'b', 'c', 'd'];
const keys = ['s1', 's2', 's3', 's4'];
type Namespace = (typeof namespaces)[number];

type Command =
  | {
      readonly do: 'put';
      readonly namespace: Namespace;
      readonly text: string;
      readonly refers: string;
      readonly leased: boolean;
    }
  | { readonly do: 'delete'; readonly namespace: Namespace; readonly text: string }
  | { readonly do: 'name' | 'unname'; readonly namespace: Namespace; readonly text: string }
  | { readonly do: 'prepare'; readonly key: string; readonly parent: string; readonly leased: boolean }
  | { readonly do: 'commit'; readonly key: string; readonly leased: boolean }
  | { readonly do: 'run' | 'remove'; readonly key: string; readonly text: string }
  | { readonly do: 'release' | 'collect' | 'reopen' };

/** The same in the simplest words: sets, and a closure over them. */
class Model {
  /** `scope digest` to what it refers to. */
  readonly blobs = new Map<string, string>();
  /** `namespace text` of images named after their target. */
  readonly images = new Set<string>();
  readonly snapshots = new Map<string, { parent: string; isCommitted: boolean }>();
  readonly containers = new Map<string, string>();
  readonly leased = new Set<string>();

  collect(): void {
    const live = new Set<string>(this.leased);
    for (const image of this.images) live.add(blobNode(image.split(' ')[0]!, image.split(' ')[1]!));
    for (const [key, text] of this.containers) live.add(`snapshot ${key}`).add(blobNode('default', text));
    for (let size = -1; size !== live.size;) {
      size = live.size;
      for (const [blob, refers] of this.blobs) {
        if (live.has(`blob ${blob}`) && refers !== '') live.add(`blob ${blob.split(' ')[0]} ${refers}`);
      }
      for (const [key, { parent }] of this.snapshots) {
        if (live.has(`snapshot ${key}`) && parent !== '') live.add(`snapshot ${parent}`);
      }
    }
    for (const blob of this.blobs.keys()) if (!live.has(`blob ${blob}`)) this.blobs.delete(blob);
    for (const key of this.snapshots.keys()) if (!live.has(`snapshot ${key}`)) this.snapshots.delete(key);
  }
}

function scopeOf(namespace: string): string {
  return namespace === 'other' ? 'other' : 'group';
}

function blobNode(namespace: string, text: string): string {
  return `blob ${scopeOf(namespace)} ${text}`;
}

/** Runs one command on both; what one of them refuses the other must refuse too. */
class Pair {
  readonly model = new Model();
  readonly root = mkdtempSync(path.join(tmpdir(), 'berth-model-'));
  stores!: Stores;
  #lease!: Lease;

  async open(): Promise<void> {
    this.stores = await openStores({ root: this.root, log: silentLog, snapshotter: 'overlayfs' });
    this.#lease = await this.stores.leases.create('default');
    this.model.leased.clear();
    this.model.collect();
  }

  async close(): Promise<void> {
    await this.stores[Symbol.asyncDispose]();
  }

  async run(command: Command): Promise<void> {
    const allowed = this.#runModel(command);
    try {
      await this.#runStores(command);
      assert.ok(allowed, `allowed: ${JSON.stringify(command)}`);
    } catch (error) {
      if (!(error instanceof BerthError)) throw error;
      assert.ok(!allowed, `refused: ${JSON.stringify(command)}: ${error.message}`);
    }
  }

  async check(): Promise<void> {
    const { model, stores } = this;
    for (const namespace of namespaces) {
      const expected = texts
        .filter((text) => model.blobs.has(`${scopeOf(namespace)} ${text}`))
        .map((text) => sha256(text));
      const found: Digest[] = [];
      for await (const { digest } of stores.content.list(inNamespace(namespace))) found.push(digest);
      assert.deepEqual(found, expected.toSorted());
    }
    for (const text of texts) {
      const isKnown = [...model.blobs.keys()].some((blob) => blob.endsWith(` ${text}`));
      assert.equal(existsSync(stores.local.blobPath(sha256(text))), isKnown, `file of ${text}`);
    }
    const found: string[] = [];
    for await (const { key } of stores.snapshots.list(inNamespace('default'))) found.push(key);
    assert.deepEqual(found.toSorted(), [...model.snapshots.keys()].toSorted());
    for (const key of found)
      assert.ok(existsSync((await stores.snapshots.layers(inNamespace('default'), key)).at(-1)!));
  }

  #runModel(command: Command): boolean {
    const { model } = this;
    switch (command.do) {
      case 'put': {
        const { namespace, text, refers, leased } = command;
        const blob = `${scopeOf(namespace)} ${text}`;
        if (leased) model.leased.add(blobNode(namespace, text));
        model.blobs.set(blob, refers);
        return true;
      }
      case 'delete':
        return model.blobs.delete(`${scopeOf(command.namespace)} ${command.text}`);
      case 'name': {
        const sharers = command.namespace === 'other' ? ['other'] : ['default', 'moby'];
        for (const sharer of sharers) model.images.add(`${sharer} ${command.text}`);
        return true;
      }
      case 'unname':
        return model.images.delete(`${command.namespace} ${command.text}`);
      case 'prepare': {
        const { key, parent, leased } = command;
        const isFree = !model.snapshots.has(key);
        if (!isFree || (parent !== '' && model.snapshots.get(parent)?.isCommitted !== true)) return false;
        model.snapshots.set(key, { parent, isCommitted: false });
        if (leased) model.leased.add(`snapshot ${key}`);
        return true;
      }
      case 'commit': {
        const snapshot = model.snapshots.get(command.key);
        if (snapshot === undefined || snapshot.isCommitted) return false;
        snapshot.isCommitted = true;
        if (command.leased) model.leased.add(`snapshot ${command.key}`);
        return true;
      }
      case 'run':
        if (model.containers.has(command.key)) return false;
        model.containers.set(command.key, command.text);
        return true;
      case 'remove':
        return model.containers.delete(command.key);
      case 'release':
        model.leased.clear();
        return true;
      case 'collect':
        model.collect();
        return true;
      case 'reopen':
        // Done in `open`.
        return true;
    }
  }

  async #runStores(command: Command): Promise<void> {
    const { content, snapshots, metadata, leases, collector } = this.stores;
    switch (command.do) {
      case 'put': {
        const context = this.#context(command.namespace, command.leased);
        await using ingest = await content.ingest(context, command.text);
        await ingest.write(Buffer.from(command.text));
        const { digest } = await ingest.commit(context);
        const refers = command.refers === '' ? '' : sha256(command.refers);
        await content.label(context, digest, { 'containerd.io/gc.ref.content.l.0': refers });
        return;
      }
      case 'delete':
        return await content.delete(inNamespace(command.namespace), sha256(command.text));
      case 'name': {
        const { namespace, text: name } = command;
        const target = { mediaType: 'm', digest: sha256(name), size: 1 };
        await metadata.write((tx) => tx.images.put({ namespace, name, target, labels: {} }));
        return;
      }
      case 'unname':
        await metadata.write((tx) => tx.images.delete(command.namespace, command.text));
        return;
      case 'prepare':
        await snapshots.prepare(this.#context('default', command.leased), command.key, command.parent);
        return;
      case 'commit':
        return await snapshots.commit(this.#context('default', command.leased), command.key, command.key, {
          synced: true,
        });
      case 'run': {
        const { key: id, text } = command;
        const row = {
          namespace: 'default',
          id,
          name: id,
          imageTarget: sha256(text),
          snapshotKey: id,
          createdAt: 1,
          record: {},
        };
        return await metadata.write((tx) => tx.containers.create(row));
      }
      case 'remove':
        await metadata.write((tx) => tx.containers.delete(command.key));
        return;
      case 'release':
        await this.#lease[Symbol.asyncDispose]();
        this.#lease = await leases.create('default');
        return;
      case 'collect':
        await collector.collect();
        return;
      case 'reopen':
        await this.close();
        return await this.open();
    }
  }

  #context(namespace: string, leased: boolean): CallContext {
    return leased ? withLease(inNamespace(namespace), this.#lease.id) : inNamespace(namespace);
  }
}

function inNamespace(name: string): CallContext {
  return backgroundContext(silentLog, name);
}

const namespace = fc.constantFrom(...namespaces);
const text = fc.constantFrom(...texts);
const key = fc.constantFrom(...keys);
const leased = fc.boolean();
const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('put' as const),
      namespace,
      text,
      refers: fc.constantFrom('', ...texts),
      leased,
    }),
  },
  fc.record({ do: fc.constant('delete' as const), namespace, text }),
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('name' as const, 'unname' as const), namespace, text }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('prepare' as const), key, parent: fc.constantFrom('', ...keys), leased }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('commit' as const), key, leased }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('run' as const, 'remove' as const), key, text }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom('release' as const, 'collect' as const, 'collect' as const, 'reopen' as const),
    }),
  },
);

describe('stores and collection', () => {
  it('agree with a simple model over random sequences', async () => {
    const property = fc.asyncProperty(fc.array(command, { maxLength: 30 }), async (commands) => {
      const pair = new Pair();
      try {
        await pair.open();
        for (const one of commands) {
          await pair.run(one);
          await pair.check();
        }
      } finally {
        await pair.close();
        rmSync(pair.root, { recursive: true });
      }
    });
    await fc.assert(property, { numRuns: Number(process.env['BERTH_PROPERTY_RUNS'] ?? 40) });
  });
});
