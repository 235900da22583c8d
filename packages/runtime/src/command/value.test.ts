import assert from 'node:assert/strict';
import { test } from 'node:test';
import { durationOf } from './duration.ts';
import { parseLine } from './flag.ts';
import { preservedDescriptors } from './preserved.ts';
import { textTable } from './text-table.ts';
import { mergeResources, resourcesOfFlags } from './update-resources.ts';
import { verbFlags } from './verb-flags.ts';
import { versionText } from './version.ts';

test('lengths of time are those of Go', () => {
  const known: Readonly<Record<string, number>> = {
    '5s': 5000,
    '1m30s': 90_000,
    '1.5h': 5_400_000,
    '250ms': 250,
    '0': 0,
  };
  for (const [text, milliseconds] of Object.entries(known)) assert.equal(durationOf(text), milliseconds);
  for (const text of ['', '5', 's', '5 s', '5x', '1m junk']) {
    assert.throws(() => durationOf(text), { kind: 'invalid_argument' });
  }
});

const update = (line: string) => resourcesOfFlags(parseLine(line.split(' '), verbFlags.update));

test('an update has the limits whose flags were given, and no others', () => {
  assert.deepEqual(update('--memory 512m --memory-swap -1 id'), { memory: { limit: 512 << 20, swap: -1 } });
  assert.deepEqual(update('--cpu-quota 0 --cpuset-cpus 0-1 id'), { cpu: { quota: 0, cpus: '0-1' } });
  assert.deepEqual(update('--pids-limit 0 --blkio-weight 10 id'), { pids: { limit: 0 }, blockIO: { weight: 10 } });
  assert.deepEqual(update('id'), {});
});

test('a limit that is no number is refused by the name of its flag', () => {
  for (const line of ['--memory lots id', '--cpu-quota 5m id', '--memory 1.5x id']) {
    assert.throws(() => update(line), { kind: 'invalid_argument', code: 'bad_flag' });
  }
});

test('an update leaves what it does not name', () => {
  const before = { memory: { limit: 1, swap: 2 }, pids: { limit: 5 } };
  assert.deepEqual(mergeResources(before, { memory: { limit: 9 } }), {
    memory: { limit: 9, swap: 2 },
    pids: { limit: 5 },
  });
});

test('descriptors are counted behind those of socket activation, and must be open', () => {
  const env = { BERTH_OCI_DESCRIPTORS: ' 0 1 2 3 4 10' };
  assert.equal(preservedDescriptors(2, { first: true, env }), 2);
  const activated = { ...env, LISTEN_FDS: '1', LISTEN_PID: String(process.pid) };
  assert.equal(preservedDescriptors(1, { first: true, env: activated }), 2);
  assert.equal(preservedDescriptors(1, { first: false, env: activated }), 1);
  assert.equal(preservedDescriptors(1, { first: true, env: { ...activated, LISTEN_PID: '1' } }), 1);
  assert.throws(() => preservedDescriptors(3, { first: true, env }), {
    message: /preserved-fd 5 \(of 3\): no such file or directory/,
  });
  assert.throws(() => preservedDescriptors(-1, { first: true, env }), { kind: 'invalid_argument' });
});

test('columns are as wide as their widest cell, and never narrower than runc has them', () => {
  assert.equal(
    textTable([
      ['ID', 'PID'],
      ['a-container-with-a-name', '1'],
    ]),
    'ID                      PID\na-container-with-a-name 1\n',
  );
});

test('only the first line of the version has the word', () => {
  const [first, ...rest] = versionText().trimEnd().split('\n');
  assert.match(first!, /^berth-oci version \d+\.\d+\.\d+$/);
  assert.ok(rest.includes('spec: 1.3.0'));
  assert.ok(rest.every((line) => !line.includes('version')));
});
