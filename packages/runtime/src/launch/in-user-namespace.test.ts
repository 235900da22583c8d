import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isInUserNamespace } from './in-user-namespace.ts';

test('the machine is told from a user namespace by its map', () => {
  assert.equal(isInUserNamespace('         0          0 4294967295\n'), false);
  assert.equal(isInUserNamespace('         0       1000          1\n'), true);
  assert.equal(isInUserNamespace('         0          0      65536\n     65536     200000       1000\n'), true);
});
