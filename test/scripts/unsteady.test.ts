import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { mergeAttempts } from '../../scripts/test/attempts.ts';
import { countOf, type Outcome, type TestLine } from '../../scripts/test/outcome.ts';
import { runTestFiles } from '../../scripts/test/run-files.ts';
import { printSummary } from '../../scripts/test/summary.ts';

const title = 'test/x.test.ts';

/** An attempt with these results by their names. */
function attempt(results: Readonly<Record<string, TestLine['result']>>, number = 1): Outcome {
  const tests = Object.entries(results).map(([name, result]): TestLine => {
    return { name, file: title, milliseconds: 1, result, detail: result === 'passed' ? '' : `${name} ${number}` };
  });
  return { title, milliseconds: 1, tests, output: `output ${number}` };
}

type Results = Parameters<typeof attempt>[0];
const merged = (first: Results, second: Results) => mergeAttempts(attempt(first), attempt(second, 2)).tests;

/** The unsteady and the failed ones. */
function told(first: Results, second: Results): string[] {
  const marked = merged(first, second).filter((each) => each.result === 'failed' || each.unsteady !== undefined);
  return marked.map(({ name, result, unsteady }) =>
    unsteady === undefined ? `${name} ${result}` : `${name} unsteady`,
  );
}

test('what fails once is unsteady, what fails twice is a failure', () => {
  const tests = merged(
    { steady: 'passed', first: 'failed', second: 'passed', both: 'failed', none: 'skipped' },
    { steady: 'passed', first: 'passed', second: 'failed', both: 'failed', none: 'skipped' },
  );
  assert.deepEqual(countOf(tests), { passed: 3, failed: 1, skipped: 1 });
  assert.deepEqual(
    tests.map(({ name, unsteady }) => [name, unsteady]),
    [
      ['steady', undefined],
      ['first', 'first 1'],
      ['second', 'second 2'],
      ['both', undefined],
      ['none', undefined],
    ],
  );
  assert.equal(tests[3]?.detail, 'both 1\nand once more:\nboth 2');
});

test('a failure that was skipped or did not come up the second time stays one', () => {
  assert.deepEqual(told({ a: 'failed' }, { a: 'skipped' }), ['a failed']);
  assert.deepEqual(told({ a: 'failed', b: 'passed' }, { b: 'passed', [title]: 'failed' }), [
    'a failed',
    `${title} failed`,
  ]);
  assert.deepEqual(told({ [title]: 'failed' }, {}), [`${title} failed`]);
});

test('a process or a suite that failed is unsteady when all went well the second time', () => {
  assert.deepEqual(told({ a: 'passed', [title]: 'failed' }, { a: 'passed', b: 'passed' }), [`${title} unsteady`]);
  assert.deepEqual(told({ suite: 'failed' }, { 'suite › a': 'passed' }), ['suite unsteady']);
});

/** A file with a test that fails when it runs for the first time, and what `runTestFiles` says of it. */
async function runUnsteadyFile(t: TestContext, again: boolean) {
  const folder = mkdtempSync(path.join(tmpdir(), 'berth-unsteady-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, 'x.test.mjs');
  const source = `
    import { existsSync, writeFileSync } from 'node:fs';
    import { test } from 'node:test';
    test('steady', () => {});
    test('unsteady', () => {
      if (existsSync('${folder}/ran')) return;
      writeFileSync('${folder}/ran', '');
      throw new Error('too slow');
    });`;
  writeFileSync(file, source);
  const log = t.mock.method(console, 'log', () => undefined);
  const outcomes = await runTestFiles([{ title: 'x', files: [file] }], { again });
  const code = printSummary({ checks: [], outcomes, missing: [] });
  const lines = log.mock.calls.flatMap(({ arguments: [text] }) => String(text).split('\n'));
  log.mock.restore();
  return { code, lines: lines.map((line) => line.replace(/ \(\d+\.\d s\)$/, '')) };
}

test('a failure is named under its file, and fails the run', async (t) => {
  const { code, lines } = await runUnsteadyFile(t, false);
  assert.equal(code, 1);
  const [head, failure] = ['FAIL x: 1 passed, 1 failed, 0 skipped', '     not ok unsteady: Error: too slow'];
  assert.deepEqual(lines.slice(0, 2), [head, failure]);
  assert.equal(lines.at(-1), '1 passed, 1 failed, 0 skipped');
});

test('with a second attempt it is told as unsteady, and the run goes on', async (t) => {
  const { code, lines } = await runUnsteadyFile(t, true);
  assert.equal(code, 0);
  assert.deepEqual(lines.slice(0, 3), [
    'FAIL x: 1 passed, 1 failed, 0 skipped',
    '     unsteady? unsteady: Error: too slow',
    'ok   x once more: 2 passed, 0 failed, 0 skipped',
  ]);
  assert.ok(lines.includes('UNSTEADY x') && lines.includes('    Error: too slow'), lines.join('\n'));
  assert.deepEqual(lines.slice(-2), [
    'unsteady: 1 failed in one of two attempts, see above',
    '2 passed, 0 failed, 0 skipped',
  ]);
});
