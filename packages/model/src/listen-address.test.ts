import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatAddress, isLoopback, parseAddress } from './listen-address.ts';

test('an address has a host and a port', () => {
  assert.deepEqual(parseAddress('127.0.0.1:5000'), { host: '127.0.0.1', port: 5000 });
  assert.deepEqual(parseAddress('[::1]:0'), { host: '::1', port: 0 });
  assert.deepEqual(parseAddress(':80'), { host: '::', port: 80 });
  for (const text of ['', '5000', 'host', 'host:', 'host:x', 'host:65536', '::1:80', 'a:b:1', '[]:1']) {
    assert.throws(() => parseAddress(text), { kind: 'invalid_argument' }, text);
  }
  for (const text of ['127.0.0.1:5000', '[::1]:80']) assert.equal(formatAddress(parseAddress(text)), text);
});

test('loopback is what only this machine reaches', () => {
  for (const text of ['127.0.0.1:1', '127.9.9.9:1', '[::1]:1', 'localhost:1']) {
    assert.ok(isLoopback(parseAddress(text)), text);
  }
  for (const text of [':1', '0.0.0.0:1', '[::]:1', '127.0.0.1.example.com:1', '10.0.0.1:1']) {
    assert.ok(!isLoopback(parseAddress(text)), text);
  }
});
