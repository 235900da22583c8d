import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { parseSettings, readConfig } from '../../packages/engine/src/daemon/config.ts';

const file = path.join(import.meta.dirname, '../../berthd.example.toml');
const example = readFileSync(file, 'utf8');

test('the example configuration shows every key with its default', () => {
  const text = example.replaceAll(/^# (?=\w+ = |\[)/gm, '');
  const { container_log: log, cgroup_parent: cgroupParent, log_level: logLevel, ...same } = parseSettings(file, text);
  // No runtime is a default; what one looks like is indented.
  const shown = {
    runtimes: {},
    ...same,
    cgroupParent,
    logLevel,
    log: { maxBytes: log?.max_bytes, maxFiles: log?.max_files },
  };
  const { collectAlways: _, ...defaults } = readConfig([], { BERTH_CONFIG: '/dev/null' });
  assert.deepEqual(shown, defaults);
});

test('the example of a runtime is one', () => {
  const { runtimes } = parseSettings(file, example.replaceAll(/^# {3}(?=\w+ = |\[)/gm, ''));
  assert.deepEqual(runtimes, { runc: { binary: '/usr/bin/runc', root: '/run/berth/runtimes/runc' } });
});
