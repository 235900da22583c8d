import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { isKind } from '@berth/model/error';
import { givenCredentials, registryAuth } from './credentials.ts';

const none = { 'password-stdin': false };

test('a password may hold colons, a user name not', async () => {
  assert.equal(await givenCredentials(none), undefined);
  assert.deepEqual(await givenCredentials({ ...none, creds: 'u:p:q' }), { username: 'u', password: 'p:q' });
  assert.deepEqual(await givenCredentials({ ...none, creds: 'u:' }), { username: 'u', password: '' });
});

test('a secret is given once, and never without a user', async () => {
  for (const wish of [
    { creds: ':p', 'password-stdin': false },
    { creds: 'u:p', 'password-stdin': true },
    { 'password-stdin': true },
  ]) {
    await assert.rejects(givenCredentials(wish), (error) => {
      assert.ok(isKind(error, 'invalid_argument'));
      return !error.message.includes('p:') && !error.message.includes("'p'");
    });
  }
});

test('what was given wins over what is kept, and an unknown host has nothing', async (t) => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'berth-creds-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const authfile = path.join(folder, 'auth.json');
  const auth = Buffer.from('kept:secret').toString('base64');
  writeFileSync(authfile, JSON.stringify({ auths: { 'r.example': { auth } } }));
  const ask = async (host: string, creds?: string) => await registryAuth(host, { ...none, authfile, creds }, {});
  assert.deepEqual(await ask('r.example'), { username: 'kept', password: 'secret' });
  assert.deepEqual(await ask('r.example', 'a:b'), { username: 'a', password: 'b' });
  assert.equal(await ask('other.example'), undefined);
});
