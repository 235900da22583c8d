import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { mergeAttempts } from './attempts.ts';
import { countOf, type Outcome, type TestLine } from './outcome.ts';
import type { TestRun } from './selection.ts';

const root = path.join(import.meta.dirname, '../..');
const reporter = path.join(import.meta.dirname, 'event-lines.ts');

/** No file may take longer, so that a hanging test ends and is named. */
const patience = 8 * 60_000;

export interface RunChoices {
  /** Files with failures are run once more, after all others: on a machine that others use too, a failure may be theirs. */
  readonly again?: boolean;
}

/** Runs one after the other: the root tests compare what the machine has before and after. */
export async function runTestFiles(runs: readonly TestRun[], { again = false }: RunChoices = {}): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const run of runs) {
    const outcome = await runTests(run);
    printOutcome(outcome, () => (again ? 'unsteady?' : 'not ok'));
    outcomes.push(outcome);
  }
  for (const [at, first] of again ? outcomes.entries() : []) {
    if (countOf(first.tests).failed === 0) continue;
    const second = await runTests(runs[at]!);
    const merged = mergeAttempts(first, second);
    const failed = new Set(merged.tests.filter(({ result }) => result === 'failed').map(({ name }) => name));
    const title = `${second.title} once more`;
    printOutcome({ ...second, title }, (name) => (failed.has(name) ? 'not ok' : 'unsteady?'));
    outcomes[at] = merged;
  }
  return outcomes;
}

/** Failures are named at once: the log may be cut off before the summary. */
function printOutcome({ title, milliseconds, tests }: Outcome, markOf: (name: string) => string): void {
  const { passed, failed, skipped } = countOf(tests);
  const seconds = (milliseconds / 1000).toFixed(1);
  console.log(
    `${failed === 0 ? 'ok  ' : 'FAIL'} ${title}: ${passed} passed, ${failed} failed, ${skipped} skipped (${seconds} s)`,
  );
  for (const { name, result, detail } of tests)
    if (result === 'failed') console.log(`     ${markOf(name)} ${name}: ${detail.split('\n')[0]}`);
}

async function runTests({ title, files }: TestRun): Promise<Outcome> {
  const folder = mkdtempSync(path.join(tmpdir(), 'berth-test-'));
  const report = path.join(folder, 'report');
  const began = performance.now();
  try {
    const args = [
      '--test',
      '--test-isolation=none',
      `--test-reporter=${reporter}`,
      `--test-reporter-destination=${report}`,
    ];
    const { output, ending } = await runGroup([...args, ...files]);
    const tests = readReport(report);
    const { failed } = countOf(tests);
    // A process that ended badly without a failed test never got as far as its tests, or was stopped.
    if (ending !== undefined && (failed === 0 || ending !== 'code 1')) {
      tests.push({
        name: title,
        file: files.join(' '),
        milliseconds: 0,
        result: 'failed',
        detail: `ended with ${ending}`,
      });
    }
    return { title, milliseconds: performance.now() - began, tests, output };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Node in a process group of its own, so that a hanging one goes with its children. `ending` is absent when good. */
async function runGroup(args: readonly string[]): Promise<{ output: string; ending: string | undefined }> {
  const child = spawn(process.execPath, args, {
    cwd: root,
    // With it, which a test of this has, Node would take the child for a part of the same run.
    env: { ...process.env, NODE_TEST_CONTEXT: undefined },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const chunks: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    process.kill(-child.pid!, 'SIGKILL');
  }, patience);
  const interrupted = () => process.kill(-child.pid!, 'SIGTERM');
  process.once('SIGINT', interrupted).once('SIGTERM', interrupted);
  // 'exit', not 'close': a daemon that a test left behind may hold the pipes for ever.
  const ending = await new Promise<string | undefined>((resolve) => {
    child.once('exit', (code, signal) => resolve(code === 0 ? undefined : (signal ?? `code ${code}`)));
  });
  await new Promise((resolve) => setTimeout(resolve, 20));
  clearTimeout(timer);
  process.off('SIGINT', interrupted).off('SIGTERM', interrupted);
  for (const stream of [child.stdout, child.stderr]) stream.destroy();
  const output = Buffer.concat(chunks).toString();
  return { output, ending: late ? `no end within ${patience / 1000} s` : ending };
}

function readReport(file: string): TestLine[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    // The process ended before its reporter was loaded: its ending tells.
    return [];
  }
  const lines = text.split('\n').filter((line) => line.endsWith('}'));
  return lines.map((line) => JSON.parse(line) as TestLine);
}
