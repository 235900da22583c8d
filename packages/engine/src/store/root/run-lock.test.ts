import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { lockRun } from './run-lock.ts';

test('a run folder is one daemon’s at a time, and one root’s while containers are in it', (t) => {
  const run = mkdtempSync(path.join(os.tmpdir(), 'berth-run-'));
  t.after(() => rmSync(run, { recursive: true }));
  const one = path.join(run, 'c', 'one');
  mkdirSync(one, { recursive: true });
  {
    using first = lockRun({ run, root: '/a' });
    assert.ok(first);
    const message = new RegExp(`${run} is in use by another berthd \\(pid ${process.pid}\\)`);
    assert.throws(() => lockRun({ run, root: '/a' }), { code: 'run_in_use', message });
  }
  assert.throws(() => lockRun({ run, root: '/b' }), { code: 'run_of_another_root', message: /of the root \/a$/ });
  lockRun({ run, root: '/a' })[Symbol.dispose]();
  rmdirSync(one);
  lockRun({ run, root: '/b' })[Symbol.dispose]();
});
