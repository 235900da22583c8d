import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BerthError } from '@berth/model/error';
import { defaultSpec } from '../../defaults/spec.ts';
import { describeRecord } from '../../explain/describe.ts';
import { RuntimeRegistry } from '../registry.ts';
import type { ContainerPlace } from '../contract.ts';
import { adapt, plainInteger } from './bundle.ts';
import { startRefused, verbRefused } from './failure.ts';
import { oldFeatures } from './features.ts';
import { lastError } from './log.ts';
import { execRecords, startRecords } from './plan.ts';

const options = { name: 'runc', binary: '/usr/bin/runc', root: '/run/state', cgroupParent: '/berth' };
const spec = defaultSpec({ rootPath: '/rootfs', args: ['true'] });
const shim = { socket: '/c/s', journal: '/c/j', log: '', logMaxBytes: 0, logMaxFiles: 1 };
const place: ContainerPlace = { id: 'web', spec, bundle: '/c', folder: '/c', shim, stdin: false };

function steps({ records }: ReturnType<typeof startRecords>): string[] {
  return records.map(({ kind }) => kind);
}

test('the last error of a log is what a command died of, whatever else is in it', () => {
  const lines = [
    '{"level":"warning","msg":"careful"}',
    '{"level":"error","msg":"first"}',
    'not JSON',
    '{"level":"error","msg":"runc create failed"}',
    '{"level":"info","msg":"bye"}',
    '{"level":"error","msg":7}',
    '{"level":"err',
  ];
  assert.equal(lastError(lines.join('\n')), 'runc create failed');
  assert.equal(lastError(''), undefined);
});

test('a start is create, adopt and start; created stops in between', () => {
  assert.deepEqual(steps(startRecords(options, place, {})), ['shim', 'stdio', 'run_program', 'adopt', 'run_program']);
  const created = steps(startRecords(options, place, { created: true }));
  assert.deepEqual(created.slice(2), ['run_program', 'adopt', 'ask', 'run_program']);
});

test('the words of the command line are those of runc', () => {
  const [, , create, , start] = startRecords(options, place, {}).records.map(describeRecord);
  const begin = '/usr/bin/runc --root /run/state --log /c/create.log --log-format json';
  assert.match(create ?? '', new RegExp(`${begin} create --bundle /c --pid-file /c/create.pid web`));
  assert.match(start ?? '', new RegExp(`${begin} start web`));
});

test('a terminal has its socket made first', () => {
  const terminal = { ...place, spec: { ...spec, process: { ...spec.process, terminal: true } } };
  const { records } = startRecords(options, terminal, {});
  assert.deepEqual(steps({ records }).slice(1, 4), ['stdio', 'gate_listen', 'run_program']);
  assert.ok(describeRecord(records[3]!).includes('--console-socket /c/create.tty'));
});

test('an exec is detached, with files of its own number', () => {
  const process = { ...spec.process, terminal: false };
  const [stdio, run, adopt] = execRecords(options, place, { number: 7, process, stdin: true }).records;
  assert.deepEqual([stdio?.kind, run?.kind, adopt?.kind], ['stdio', 'run_program', 'adopt']);
  assert.ok(describeRecord(run!).includes('exec --detach --process /c/exec-7.json --pid-file /c/exec-7.pid web'));
});

test('an older runtime gets no newer version and no time namespace that says nothing', () => {
  const newer = {
    ...spec,
    ociVersion: '1.3.0',
    linux: { ...spec.linux, namespaces: [...spec.linux.namespaces, { type: 'time' as const }] },
  };
  const older = adapt(newer, oldFeatures);
  assert.equal(older.ociVersion, '1.0.2');
  assert.ok(older.linux.namespaces.every(({ type }) => type !== 'time'));
  const same = adapt(newer, { ...oldFeatures, ociVersion: '1.3.0', namespaces: [...oldFeatures.namespaces, 'time'] });
  assert.deepEqual(same, newer);
});

test('no limit is the largest number for others, not the -1 of ulimit', () => {
  const rlimits = [{ type: 'RLIMIT_CORE', soft: 5, hard: -1 }];
  const { process } = adapt({ ...spec, process: { ...spec.process, rlimits } }, oldFeatures);
  assert.deepEqual(process.rlimits, [{ type: 'RLIMIT_CORE', soft: 5, hard: 2n ** 64n - 1n }]);
  assert.match(JSON.stringify(process.rlimits, plainInteger), /"hard":18446744073709551615\}/);
});

test('time offsets are refused by a runtime that has no time namespaces', () => {
  const shifted = { ...spec, linux: { ...spec.linux, timeOffsets: { boottime: { secs: 1 } } } };
  assert.throws(() => adapt(shifted, oldFeatures), { kind: 'invalid_argument', message: /linux\.timeOffsets/ });
});

for (const [text, code, exitCode] of [
  ['exec: "nosuch": executable file not found in $PATH', 'command_not_found', 127],
  ['executable file `nosuch` not found: No such file or directory', 'command_not_found', 127],
  ['exec: "/etc/notes": permission denied', 'command_not_executable', 126],
  ['exec /bin/odd: exec format error', 'command_not_executable', 126],
  ['error mounting "/x": no such device', 'start_failed', 128],
] as const) {
  test(`a start refused is understood: ${text}`, () => {
    const { error, exitCode: code128 } = startRefused('runc', text);
    assert.deepEqual([error.code, code128], [code, exitCode]);
  });
}

test('a verb refused is understood', () => {
  assert.equal(verbRefused('runc', 'container does not exist').code, 'not_running');
  assert.equal(verbRefused('runc', 'container not running').code, 'not_running');
  assert.equal(verbRefused('runc', 'container not paused').code, 'not_paused');
  assert.equal(verbRefused('runc', 'cannot write memory.max').code, 'runtime_failed');
});

test('an unknown runtime is told with the names that there are; a known container can still be ended', async () => {
  const registry = new RuntimeRegistry([], { version: 2, hierarchies: [], controllers: [] });
  assert.throws(() => registry.get('kata'), { kind: 'invalid_argument', code: 'unknown_runtime' });
  const handler = registry.of('kata');
  await assert.rejects(
    async () => handler.startPlan(place),
    (error) => error instanceof BerthError,
  );
  const sent: number[] = [];
  const signal = (number: number): Promise<void> => Promise.resolve(void sent.push(number));
  await handler.kill({} as never, { place, signal }, 9);
  assert.deepEqual(sent, [9]);
});
