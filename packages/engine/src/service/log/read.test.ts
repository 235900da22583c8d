import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { readLog, type ReadLogOptions } from './read.ts';

const never = new AbortController().signal;
const once: ReadLogOptions = { follow: false, ended: Promise.resolve(), signal: never };

function logFolder(t: TestContext): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'berth-log-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return path.join(folder, 'container.log');
}

const line = (n: number, text: string, tag = 'F') =>
  `2026-11-21T10:00:${String(n).padStart(2, '0')}.000000001Z stdout ${tag} ${text}\n`;

async function texts(file: string, options: Partial<ReadLogOptions> = {}): Promise<string[]> {
  const found: string[] = [];
  for await (const records of readLog(file, { ...once, ...options })) {
    found.push(...records.map(({ content }) => Buffer.from(content).toString()));
  }
  return found;
}

test('rotated files are read oldest first', async (t) => {
  const file = logFolder(t);
  writeFileSync(`${file}.2`, line(1, 'a'));
  writeFileSync(`${file}.1`, line(2, 'b'));
  writeFileSync(file, line(3, 'c'));
  assert.deepEqual(await texts(file), ['a', 'b', 'c']);
});

test('tail counts lines over rotated files and takes the parts of a line as one', async (t) => {
  const file = logFolder(t);
  writeFileSync(`${file}.1`, line(1, 'a') + line(2, 'b'));
  writeFileSync(file, line(3, 'c1', 'P') + line(3, 'c2') + line(4, 'd'));
  assert.deepEqual(await texts(file, { tail: 0 }), []);
  assert.deepEqual(await texts(file, { tail: 1 }), ['d']);
  assert.deepEqual(await texts(file, { tail: 2 }), ['c1', 'c2', 'd']);
  assert.deepEqual(await texts(file, { tail: 3 }), ['b', 'c1', 'c2', 'd']);
  assert.deepEqual(await texts(file, { tail: 9 }), ['a', 'b', 'c1', 'c2', 'd']);
});

test('tail finds the start of lines longer than a block', async (t) => {
  const file = logFolder(t);
  const long = 'x'.repeat(150_000);
  writeFileSync(file, line(1, 'a') + line(2, long) + line(3, 'b'));
  assert.deepEqual(await texts(file, { tail: 2 }), [long, 'b']);
});

test('since and until bound the times', async (t) => {
  const file = logFolder(t);
  writeFileSync(file, line(1, 'a') + line(2, 'b') + line(3, 'c'));
  const at = BigInt(Date.parse('2026-11-21T10:00:02Z')) * 1_000_000n;
  assert.deepEqual(await texts(file, { since: at, until: at + 1n }), ['b']);
});

test('follow goes on over a rotation and ends after the last line', async (t) => {
  const file = logFolder(t);
  writeFileSync(file, line(1, 'a'));
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  const following = texts(file, { follow: true, ended });
  await new Promise((resolve) => setTimeout(resolve, 30));
  appendFileSync(file, line(2, 'b'));
  renameSync(file, `${file}.1`);
  writeFileSync(file, line(3, 'c'));
  await new Promise((resolve) => setTimeout(resolve, 30));
  appendFileSync(file, line(4, 'd'));
  end();
  assert.deepEqual(await following, ['a', 'b', 'c', 'd']);
});

test('a torn last line is not shown', async (t) => {
  const file = logFolder(t);
  writeFileSync(file, `${line(1, 'a')}2026-11-21T10:00:02.0000`);
  assert.deepEqual(await texts(file), ['a']);
});
