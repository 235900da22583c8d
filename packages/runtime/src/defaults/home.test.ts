import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { withHome } from './home.ts';

const passwd = 'root:x:0:0::/root:/bin/sh\nu:x:7:7::/home/u:/bin/sh\nv:x:7:7::/home/v:/bin/sh\nw:x:8:8:::/bin/sh\n';
const homeOf = (uid: number, env: readonly string[] = [], text = passwd) =>
  withHome({ user: { uid, gid: 0 }, args: ['x'], env, cwd: '/' }, text).env;

describe('the home of a process', () => {
  test('is the one of its user in the passwd file', () => {
    assert.deepEqual([homeOf(0), homeOf(7)], [['HOME=/root'], ['HOME=/home/u']]);
  });

  test('is / for a user that has none', () => {
    assert.deepEqual([homeOf(8), homeOf(9), homeOf(0, [], '')], [['HOME=/'], ['HOME=/'], ['HOME=/']]);
  });

  test('is left as it is given, unless it is empty', () => {
    assert.deepEqual(homeOf(0, ['HOME=/x']), ['HOME=/x']);
    assert.deepEqual(homeOf(0, ['A=1', 'HOME=']), ['A=1', 'HOME=', 'HOME=/root']);
  });
});
