import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { commandLog } from './log.ts';

function written(format: 'text' | 'json', debug: boolean): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'berth-oci-log-'));
  try {
    const file = join(folder, 'log');
    const log = commandLog({ file, format, debug });
    log.debug('small');
    log.warn('a "quoted"\nword', { id: 'x' });
    log.error('bad');
    return readFileSync(file, 'utf8').trimEnd().split('\n');
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('JSON lines have the level, msg and time that containerd reads', () => {
  const [warning, error, ...more] = written('json', false).map((line) => JSON.parse(line) as Record<string, string>);
  assert.deepEqual(more, []);
  assert.deepEqual({ ...warning, time: '' }, { level: 'warning', msg: 'a "quoted"\nword', id: 'x', time: '' });
  assert.match(error!['time']!, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
});

test('debug lines are written when they are asked for', () => {
  assert.equal(written('json', true).length, 3);
});

test('text lines keep to one line each', () => {
  const [warning, error] = written('text', false);
  assert.match(warning!, /^time="[^"]+" level=warning msg="a \\"quoted\\"\\nword" id="x"$/);
  assert.match(error!, / level=error msg="bad"$/);
});
