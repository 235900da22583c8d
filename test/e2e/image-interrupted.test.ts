import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream, rmSync } from 'node:fs';
import path from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { archive, ociLayout } from '../harness/archives.ts';
import { whySkipped } from '../harness/engine.ts';
import { busybox, testImage } from '../harness/images.ts';
import { assertNothingLeft, type Belongings, belongings, difference } from '../harness/leaks.ts';
import type { Member } from '../harness/tar.ts';
import { ImageWorkplace } from './image-workplace.ts';

/** Long enough to be interrupted anywhere: bytes that do not compress, and many small files. */
function bigArchive(): Buffer {
  const big: Member[] = Array.from({ length: 6 }, (_, n) => ({ path: `big/${n}`, body: randomBytes(1 << 20) }));
  const many: Member[] = Array.from({ length: 1000 }, (_, n) => ({ path: `many/${n}`, body: `${n}` }));
  const image = testImage({ layers: [busybox(), big, many], compression: 'gzip' });
  return archive(ociLayout(image, 'interrupted:1'));
}

describe('a load that is interrupted', { skip: whySkipped, timeout: 400_000 }, () => {
  let place: ImageWorkplace;
  let start: Belongings;
  let file: string;
  let took: number;

  before(async () => {
    place = await ImageWorkplace.open();
    file = place.write(bigArchive());
    start = belongings(place.engine);
    const began = performance.now();
    await place.engine.expect(['load', '-i', file]);
    took = performance.now() - began;
    await loadWhole();
  });
  afterEach(async () => await loadWhole());
  after(async () => await place[Symbol.asyncDispose]());

  /** What an interruption must not have broken. Everything goes again, so the next one starts from nothing. */
  async function loadWhole(): Promise<void> {
    await place.engine.expect(['load', '-i', file]);
    assert.equal(await place.shell('interrupted:1', 'cat /big/* | wc -c; ls /many | wc -l'), '6291456\n1000');
    await place.engine.expect(['rmi', 'interrupted:1']);
    await assertNothingLeft(place.engine, start);
  }

  function startLoad(input?: string): ChildProcess {
    const { argv, env } = place.engine.command(input === undefined ? ['load', '-i', file] : ['load']);
    const child = spawn(argv[0]!, argv.slice(1), { env, stdio: ['pipe', 'ignore', 'pipe'] });
    child.stdin.on('error', () => undefined);
    child.stderr.resume();
    if (input === undefined) child.stdin.end();
    else
      createReadStream(input)
        .on('error', () => undefined)
        .pipe(child.stdin);
    return child;
  }

  /** Moments spread over a load, never the same twice. */
  const moments = (count: number): number[] =>
    Array.from({ length: count }, (_, n) => ((n + Math.random()) * took) / count);

  test('by Ctrl-C leaves nothing', async () => {
    for (const moment of moments(3)) {
      const child = startLoad();
      const ended = once(child, 'exit');
      await sleep(moment);
      child.kill('SIGINT');
      const [code, signal] = (await ended) as [number | null, string | null];
      assert.ok(code === 130 || signal === 'SIGINT' || code === 0, `code ${code}, signal ${signal}`);
      await removeIfLoaded();
      await assertNothingLeft(place.engine, start);
    }
  });

  test('by a client that goes away leaves nothing, with a path and from standard input', async () => {
    for (const moment of moments(3)) {
      for (const input of [undefined, file]) {
        const child = startLoad(input);
        const ended = once(child, 'exit');
        await sleep(moment);
        child.kill('SIGKILL');
        await ended;
        await removeIfLoaded();
        await assertNothingLeft(place.engine, start);
      }
    }
  });

  test('by kill -9 of the daemon harms nothing, and what it had begun serves or goes with the next load', async () => {
    for (const moment of moments(10)) {
      const child = startLoad(Math.random() < 0.3 ? file : undefined);
      const ended = once(child, 'exit');
      await sleep(moment);
      await place.engine.kill9();
      await ended;
      // A command that had not called yet has started a daemon of its own, with a log of its own.
      await place.engine.berth(['daemon', 'stop']);
      rmSync(path.join(place.engine.run, 'berthd.log'), { force: true });
      await place.engine.launch();
      const { descriptor = [], process: processes = [] } = belongings(place.engine);
      start = { ...start, descriptor, process: processes };
      await removeIfLoaded();
      await loadWhole();
    }
  });

  async function removeIfLoaded(): Promise<void> {
    // The name comes last: with it the image is whole.
    if (!(await place.names()).includes('interrupted:1')) return;
    assert.equal(await place.shell('interrupted:1', 'cat /big/* | wc -c; ls /many | wc -l'), '6291456\n1000');
    await place.engine.expect(['rmi', 'interrupted:1']);
    assert.equal(difference(start, belongings(place.engine)).filter((line) => line.startsWith('process')).length, 0);
  }
});
