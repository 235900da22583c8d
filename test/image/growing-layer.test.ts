import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { sha256 } from '@berth/model/digest';
import { applyLayer } from '@berth/image/layer/apply';
import type { LayerJob } from '@berth/image/layer/job';
import { advance, finish, type SharedProgress, sharedProgress } from '@berth/image/layer/shared-progress';
import { tar } from '../harness/tar.ts';

const place = mkdtempSync(path.join(tmpdir(), 'berth-growing-'));
after(() => rmSync(place, { recursive: true, force: true }));

const needsRoot = process.getuid?.() === 0 ? false : 'needs root: it sets owners';
const body = Buffer.alloc(3_000_000, 'some text that repeats ');
const plain = tar([
  { path: 'folder/', mode: 0o755 },
  { path: 'folder/big', body },
  { path: 'folder/last', body: 'the end' },
]);
const packed = gzipSync(plain, { level: 0 });

let count = 0;
interface Growing {
  readonly file: string;
  readonly growth: SharedProgress;
  readonly folder: string;
  readonly job: LayerJob;
}

/** A layer of which `there` bytes have come. */
function growing(there: number, change: Partial<LayerJob> = {}): Growing {
  const file = path.join(place, `blob-${++count}`);
  const folder = path.join(place, `tree-${count}`);
  writeFileSync(file, packed.subarray(0, there));
  mkdirSync(folder);
  const growth = sharedProgress(there);
  const job: LayerJob = {
    source: { path: file, length: packed.length, growth },
    compression: 'gzip',
    unpackTo: folder,
    expect: { digest: sha256(packed), size: packed.length, diffId: sha256(plain) },
    ...change,
  };
  return { file, growth, folder, job };
}

describe('a layer that is still coming', { skip: needsRoot }, () => {
  it('is unpacked while it comes, in pieces of any size', async () => {
    const { file, growth, folder, job } = growing(0);
    const done = applyLayer(job);
    for (let at = 0, size = 1; at < packed.length; size = size * 3 + 1) {
      const piece = packed.subarray(at, at + size);
      appendFileSync(file, piece);
      at += piece.length;
      advance(growth, at);
      await sleep(5);
    }
    finish(growth, true);
    const { timing, digest } = await done;
    assert.equal(digest, sha256(packed));
    assert.equal(readFileSync(path.join(folder, 'folder/last'), 'utf8'), 'the end');
    assert.ok(timing.transfer > 0 && timing.unpack > 0);
  });

  it('has files before its last bytes are there', async () => {
    const { file, growth, folder, job } = growing(packed.length - 1000);
    const done = applyLayer(job);
    const big = path.join(folder, 'folder/big');
    while (statSync(big, { throwIfNoEntry: false }) === undefined) await sleep(10);
    appendFileSync(file, packed.subarray(packed.length - 1000));
    advance(growth, packed.length);
    finish(growth, true);
    await done;
    assert.ok(readFileSync(big).equals(body));
  });

  it('fails when its bytes stop coming, and when fewer come than were promised', async () => {
    const broken = growing(1000);
    const failing = applyLayer(broken.job);
    await sleep(20);
    finish(broken.growth, false);
    await assert.rejects(failing, { kind: 'aborted', code: 'source_failed' });
    const short = growing(1000);
    finish(short.growth, true);
    await assert.rejects(applyLayer(short.job), { kind: 'data_loss', code: 'truncated' });
  });

  it('can be given up while it waits', async () => {
    const { job } = growing(1000);
    const controller = new AbortController();
    const waiting = applyLayer(job, { signal: controller.signal });
    await sleep(200);
    controller.abort();
    await assert.rejects(waiting, { kind: 'cancelled' });
  });

  it('takes from lower layers only when they are ready, its root too', async () => {
    const lower = path.join(place, 'lower');
    mkdirSync(path.join(lower, 'folder'), { recursive: true, mode: 0o750 });
    const parentsReady = sharedProgress();
    const headless = tar([{ path: 'folder/file', body: 'x' }]);
    const file = path.join(place, 'headless');
    const folder = path.join(place, 'headless-tree');
    writeFileSync(file, headless);
    mkdirSync(folder);
    const done = applyLayer({
      source: { path: file },
      compression: 'none',
      unpackTo: folder,
      parents: [lower],
      parentsReady,
    });
    await sleep(200);
    rmSync(lower, { recursive: true });
    mkdirSync(path.join(lower, 'folder'), { recursive: true, mode: 0o711 });
    finish(parentsReady, true);
    await done;
    assert.equal(statSync(folder).mode & 0o777, 0o711);
    assert.equal(statSync(path.join(folder, 'folder')).mode & 0o777, 0o711);
  });
});
