import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { it } from 'node:test';
import { discard } from './body.ts';

type Headers = Record<string, string>;

const answer = (headers: Headers) => {
  const stream = new PassThrough();
  return { status: 200, headers, url: new URL('http://localhost/'), stream };
};

it('an answer that nobody wants is read when it is short and ends, and broken off otherwise', async (test) => {
  test.mock.timers.enable({ apis: ['setTimeout'] });
  const short = answer({ 'content-length': '3' });
  discard(short);
  short.stream.end('abc');
  await new Promise((resolve) => short.stream.once('close', resolve));
  assert.ok(short.stream.readableEnded);
  for (const headers of [{ 'content-length': '70000' }, { 'transfer-encoding': 'chunked' }] as Record<
    string,
    string
  >[]) {
    const long = answer(headers);
    discard(long);
    assert.ok(long.stream.destroyed);
  }
  for (const headers of [{}, { 'content-length': '3' }] as Headers[]) {
    const endless = answer(headers);
    discard(endless);
    assert.ok(!endless.stream.destroyed);
    test.mock.timers.tick(60_000);
    assert.ok(endless.stream.destroyed);
  }
});
