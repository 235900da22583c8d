import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { backgroundContext } from '@berth/model/context';
import { type Digest, sha256 } from '@berth/model/digest';
import type { Stores } from '@berth/engine/store/open-stores';

const context = backgroundContext();

/** What the writers of all rounds so far have promised (store/busy-writer.ts). */
export class Promises {
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

  /** All that was promised is there and whole, and there is nothing else. */
  async check({ content, local, snapshots }: Stores, root: string): Promise<void> {
    const known = new Set<string>();
    for await (const { digest } of content.list(context)) {
      assert.equal(sha256(await content.readAll(context, digest)), digest);
      known.add(digest);
    }
    for (const digest of this.blobs) assert.ok(known.has(digest), `lost ${digest}`);
    const files: Digest[] = [];
    for await (const { digest } of local.list(context)) files.push(digest);
    assert.deepEqual(files, [...known].toSorted());
    for (const key of this.layers) {
      const [folder] = await snapshots.layers(context, key);
      for (let n = 0; n < 20; n++) assert.equal(readFileSync(path.join(folder!, `file-${n}`)).length, 1000);
    }
    const kept = new Set<string>();
    for await (const { key } of snapshots.list(context)) {
      for (const layer of await snapshots.layers(context, key)) kept.add(path.basename(path.dirname(layer)));
    }
    const folders = readdirSync(path.join(root, 'snapshots')).filter((name) => !kept.has(name));
    assert.ok(
      folders.every((name) => name.startsWith('trash-')),
      `folders without a record: ${folders.join(' ')}`,
    );
    assert.deepEqual(readdirSync(path.join(root, 'content', 'trash')), []);
  }
}

const program = fileURLToPath(new URL('../store/busy-writer.ts', import.meta.url));

/** Runs a writer; `strike` ends its world `delay` ms after its first line, and then it is killed. Its complete lines. */
export async function interruptedWriter(
  root: string,
  { delay, bootId, strike }: { readonly delay: number; readonly bootId?: string; readonly strike: () => void },
): Promise<string[]> {
  const child = spawn(process.execPath, [program, root, ...(bootId === undefined ? [] : [bootId])], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const closed = once(child, 'close');
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  try {
    await Promise.race([once(child.stdout, 'data'), closed]);
    await sleep(delay);
    strike();
  } finally {
    child.kill('SIGKILL');
  }
  await closed;
  return output.split('\n').slice(0, -1);
}
