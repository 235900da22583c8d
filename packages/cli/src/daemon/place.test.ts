import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { findPlace } from './place.ts';

test('flags win over the environment, that over the file, that over the default', (t) => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'berth-place-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, 'berthd.toml');
  writeFileSync(file, '# run = "/no"\nrun = "/file/run"\nroot = \'/file/root\'\n[container_log]\nsocket = "/no"\n');
  const none = { BERTH_CONFIG: '/nonexistent' };
  assert.deepEqual(findPlace({}, none), { run: '/run/berth', root: undefined, socket: '/run/berth/berth.sock' });
  assert.equal(findPlace({}, { BERTH_CONFIG: file }).socket, '/file/run/berth.sock');
  assert.equal(findPlace({}, { BERTH_CONFIG: file, BERTH_RUN: '/env' }).socket, '/env/berth.sock');
  assert.equal(findPlace({ run: '/flag' }, { BERTH_RUN: '/env' }).run, '/flag');
  assert.equal(findPlace({ root: '/r' }, none).root, '/r');
  assert.equal(findPlace({ host: 'unix:///x.sock' }, none).socket, '/x.sock');
  assert.equal(findPlace({}, { ...none, BERTH_HOST: '/y.sock', BERTH_RUN: '/env' }).socket, '/y.sock');
});

test('a host that is not a socket is refused', () => {
  for (const host of ['tcp://localhost:2375', 'relative.sock', '']) assert.throws(() => findPlace({ host }, {}), host);
  assert.throws(() => findPlace({ run: 'relative' }, {}));
});
