import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { backgroundContext, silentLog } from '@berth/model/context';
import { type Digest, isDigest, sha256 } from '@berth/model/digest';
import { openStores, type Stores } from '@berth/engine/store/open-stores';
import { needsRoot, Workplace } from './workplace.ts';

const context = backgroundContext();
const rounds = 30;

/** What the killed writers of all rounds so far have promised. */
class Promises {
  readonly blobs = new Set<string>();
  readonly layers = new Set<string>();

  take(lines: readonly string[]): void {
    for (const line of lines) {
      const [what, name] = line.split(' ');
      if (name === undefined) continue;
      if (what === 'blob') this.blobs.add(name);
      else if (what === 'gone') this.blobs.delete(name);
      else this.layers.add(name);
    }
  }
}

/** Runs a writer and kills it `delay` ms after its first line. Its complete lines. */
async function killedWriter(root: string, delay: number): Promise<string[]> {
  const program = fileURLToPath(new URL('./busy-writer.ts', import.meta.url));
  const child = spawn(process.execPath, [program, root], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  try {
    await once(child.stdout, 'data');
    await sleep(delay);
  } finally {
    child.kill('SIGKILL');
  }
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  assert.deepEqual([code, signal], [null, 'SIGKILL']);
  return output.split('\n').slice(0, -1);
}

async function check({ content, local, snapshots }: Stores, promised: Promises): Promise<void> {
  const known = new Set<string>();
  for await (const { digest } of content.list(context)) {
    assert.equal(sha256(await content.readAll(context, digest)), digest);
    known.add(digest);
  }
  for (const digest of promised.blobs) assert.ok(known.has(digest), `lost ${digest}`);
  const files: Digest[] = [];
  for await (const { digest } of local.list(context)) files.push(digest);
  assert.deepEqual(files, [...known].toSorted());
  for (const key of promised.layers) {
    const [folder] = await snapshots.layers(context, key);
    for (let n = 0; n < 20; n++) assert.equal(readFileSync(path.join(folder!, `file-${n}`)).length, 1000);
  }
}

describe('stores whose daemon is killed again and again', { skip: needsRoot }, () => {
  it('keep all that was promised, and nothing half done', async () => {
    using place = new Workplace();
    const root = path.join(place.path, 'root');
    const promised = new Promises();
    for (let round = 0; round < rounds; round++) {
      promised.take(await killedWriter(root, Math.random() * 150));
      await using stores = await openStores({ root, log: silentLog, snapshotter: 'overlayfs' });
      await check(stores, promised);
    }
    assert.ok(promised.blobs.size > rounds && promised.layers.size > rounds);
    const numbers = readdirSync(path.join(root, 'snapshots'));
    assert.ok(
      numbers.every((name) => /^\d+$/.test(name)),
      numbers.join(' '),
    );
    assert.ok(readdirSync(path.join(root, 'content', 'trash')).length === 0);
  });

  it('resume ingests where they were', async () => {
    using place = new Workplace();
    const root = path.join(place.path, 'root');
    for (let round = 0; round < 5; round++) await killedWriter(root, Math.random() * 50);
    await using stores = await openStores({ root, log: silentLog, snapshotter: 'overlayfs' });
    for (const { ref, offset, expected } of await stores.content.ingests(context)) {
      assert.ok(isDigest(expected.digest));
      await using ingest = await stores.content.ingest(context, ref, expected);
      assert.equal(ingest.offset, offset);
    }
  });
});
