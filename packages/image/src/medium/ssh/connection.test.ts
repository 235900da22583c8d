import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDestination } from './connection.ts';

test('a host of ssh may have a user and a port, and is never an option', () => {
  assert.deepEqual(parseDestination('host'), { destination: 'host' });
  assert.deepEqual(parseDestination('me@host.example:22'), { destination: 'me@host.example', port: '22' });
  assert.deepEqual(parseDestination('me@[::1]:22'), { destination: 'me@::1', port: '22' });
  for (const host of ['', '-oProxyCommand=x', 'me@-x', '[]', 'host:port', 'a:1:2', 'me@']) {
    assert.throws(() => parseDestination(host), { kind: 'invalid_argument', code: 'bad_location' }, host);
  }
});
