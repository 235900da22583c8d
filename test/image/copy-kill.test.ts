import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { copyImages } from '@berth/image/copy/copy';
import { parseLocation } from '@berth/image/medium/location';
import { MemoryMedium } from '@berth/image/medium/memory-medium';
import { openSource, openTarget } from '@berth/image/medium/open';
import { suiteImage, suiteSource } from '@berth/image/medium/suite-images';

const everything = { signal: AbortSignal.timeout(280_000), platforms: 'all' } as const;
const [before, after] = [suiteImage({ layers: ['one', 'before'] }), suiteImage({ layers: ['one', 'two', 'after'] })];

/** A process that copies `after` to the place again and again, with pieces that take their time. */
const program = `
  import { copyImages } from '@berth/image/copy/copy';
  import { parseLocation } from '@berth/image/medium/location';
  import { openTarget } from '@berth/image/medium/open';
  import { suiteImage, suiteSource } from '@berth/image/medium/suite-images';
  const signal = new AbortController().signal;
  console.log('ready');
  for (;;) {
    const source = suiteSource(suiteImage({ layers: ['one', 'two', 'after'] }));
    const whole = suiteSource(suiteImage({ layers: ['one', 'two', 'after'] }));
    source.blob = (descriptor) => ({
      async *read() {
        for await (const piece of whole.blob(descriptor).read(signal)) {
          for (let at = 0; at < piece.length; at += 20_000) {
            yield piece.subarray(at, at + 20_000);
            await new Promise((resolve) => setTimeout(resolve, 1));
          }
        }
      },
    });
    await using target = await openTarget(parseLocation(process.argv[1]), { signal, scratch: '/tmp' });
    await copyImages(source, target, { signal, platforms: 'all' });
  }
`;

describe('a copy that is killed', { timeout: 290_000 }, () => {
  for (const medium of ['oci:@:1', 'oci-archive:@', 'docker-archive:@', 'dir:@']) {
    it(`leaves the image before or the whole image after it in ${medium.split(':')[0]}:, and nothing once the next has run`, async () => {
      const folder = mkdtempSync(join(tmpdir(), 'berth-kill-'));
      const place = medium.replace('@', join(folder, 'place'));
      const access = { signal: everything.signal, scratch: folder };
      const put = async (image: typeof before): Promise<void> => {
        await using target = await openTarget(parseLocation(place), access);
        await copyImages(suiteSource(image), target, everything);
      };
      for (let round = 0; round < 5; round++) {
        await put(before);
        await killAfter(place, 3 + round * 14);
        await using source = await openSource(parseLocation(place), access);
        const memory = new MemoryMedium();
        // Whatever is there is whole: every blob has its digest.
        await copyImages(source, memory, everything);
        assert.ok([before.blobs.size, after.blobs.size].includes(memory.blobs.size));
      }
      await put(after);
      assert.deepEqual(readdirSync(folder), ['place']);
      const inside = medium.startsWith('oci:') ? readdirSync(join(folder, 'place')).sort() : undefined;
      assert.deepEqual(inside, medium.startsWith('oci:') ? ['blobs', 'index.json', 'oci-layout'] : undefined);
      rmSync(folder, { recursive: true });
    });
  }
});

async function killAfter(place: string, milliseconds: number): Promise<void> {
  const argv = ['--input-type=module-typescript', '--eval', program, place];
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'inherit'], cwd: import.meta.dirname });
  const ended = once(child, 'exit');
  await Promise.race([once(child.stdout, 'data'), ended]);
  await sleep(milliseconds);
  child.kill('SIGKILL');
  const [, signal] = (await ended) as [unknown, string];
  assert.equal(signal, 'SIGKILL');
}
