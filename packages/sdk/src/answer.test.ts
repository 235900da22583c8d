import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import fc from 'fast-check';
import { BerthError } from '@berth/model/error';
import { readBody, readHead } from './answer.ts';
import { ByteSource } from './byte-source.ts';

/** The text in pieces that end at the given places. */
function cut(text: string, places: readonly number[]): Buffer[] {
  const bytes = Buffer.from(text);
  const ends = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
  return [...ends, bytes.length]
    .map((end, at) => bytes.subarray(at === 0 ? 0 : ends[at - 1], end))
    .filter(({ length }) => length > 0);
}

async function read(pieces: readonly Buffer[]) {
  const source = new ByteSource(Readable.from(pieces));
  const head = await readHead(source);
  const body: Buffer[] = [];
  for await (const bytes of readBody(source, head)) body.push(bytes);
  return { status: head.status, headers: head.headers, body: Buffer.concat(body).toString() };
}

const code = (expected: string) => (error: unknown) => error instanceof BerthError && error.code === expected;
const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';

test('however an answer is cut, its head and body are the same', async () => {
  const answers = [
    ['HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A:  b: c \r\n\r\nhello', 'hello'],
    [`${chunked}3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\nTrailer: x\r\n\r\n`, 'hello'],
    ['HTTP/1.0 200 OK\r\n\r\nhello', 'hello'],
    ['HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n', ''],
    ['HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n', ''],
  ] as const;
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...answers),
      fc.array(fc.nat(), { maxLength: 12 }),
      async ([text, body], places) => {
        assert.equal((await read(cut(text, places))).body, body);
      },
    ),
  );
});

test('an answer that ends early is a lost connection', async () => {
  for (const text of [
    '',
    'HTTP/1.1 200',
    'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell',
    `${chunked}3\r\nhe`,
    `${chunked}3\r\nhel\r\n`,
  ]) {
    await assert.rejects(read([Buffer.from(text)]), code('connection_lost'), text);
  }
});

test('what is not HTTP is a bad answer', async () => {
  for (const text of ['SSH-2.0-OpenSSH\r\n\r\n', `${chunked}x\r\n`, `${chunked}3\r\nhello\r\n`, 'x'.repeat(70_000)]) {
    await assert.rejects(read([Buffer.from(text)]), code('bad_answer'), text.slice(0, 40));
  }
});

test('bytes after an upgrade stay in the source', async () => {
  const source = new ByteSource(
    Readable.from([Buffer.from('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\nearly')]),
  );
  assert.equal((await readHead(source)).status, 101);
  assert.equal((await source.read())?.toString(), 'early');
  assert.equal(await source.read(), undefined);
});
