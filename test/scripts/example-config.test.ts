import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { parseSettings, readConfig } from '../../packages/engine/src/daemon/config.ts';

test('the example configuration shows every key with its default', () => {
  const file = path.join(import.meta.dirname, '../../berthd.example.toml');
  const text = readFileSync(file, 'utf8').replaceAll(/^# (?=\w+ = |\[)/gm, '');
  const { container_log: log, cgroup_parent: cgroupParent, log_level: logLevel, ...same } = parseSettings(file, text);
  const shown = { ...same, cgroupParent, logLevel, log: { maxBytes: log?.max_bytes, maxFiles: log?.max_files } };
  const { collectAlways: _, ...defaults } = readConfig([], { BERTH_CONFIG: '/dev/null' });
  assert.deepEqual(shown, defaults);
});
