import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogRecord } from '#service/log/cri-line';
import { LogChunks } from './log-chunks.ts';

const record = (stream: LogRecord['stream'], text: string, partial = false): LogRecord => ({
  time: 'T',
  stream,
  partial,
  content: Buffer.from(text),
});

const all = { stdout: true, stderr: true, timestamps: false };

function chunks(records: readonly LogRecord[], options = all, isTerminal = false): [string, string][] {
  const found = [...new LogChunks(options, isTerminal).of(records)];
  return found.map(({ stream, bytes }) => [stream, Buffer.from(bytes).toString()]);
}

test('neighbours of one stream are one chunk', () => {
  const records = [record('stdout', 'a'), record('stdout', 'b'), record('stderr', 'c'), record('stdout', 'd')];
  assert.deepEqual(chunks(records), [
    ['stdout', 'a\nb\n'],
    ['stderr', 'c\n'],
    ['stdout', 'd\n'],
  ]);
  assert.deepEqual(chunks(records, { ...all, stderr: false }), [['stdout', 'a\nb\nd\n']]);
});

test('a line that another stream parts has its time once, and the other line its own', () => {
  const records = [record('stdout', 'a', true), record('stderr', 'x'), record('stdout', 'b'), record('stderr', 'y')];
  assert.deepEqual(chunks(records, { ...all, timestamps: true }), [
    ['stdout', 'T a'],
    ['stderr', 'T x\n'],
    ['stdout', 'b\n'],
    ['stderr', 'T y\n'],
  ]);
});

test('a terminal has one stream', () => {
  assert.deepEqual(chunks([record('stdout', 'a', true)], all, true), [['stdout', 'a']]);
});
