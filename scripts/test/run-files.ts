import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { countOf, type Outcome, type TestLine } from './outcome.ts';
import type { TestRun } from './selection.ts';

const root = path.join(import.meta.dirname, '../..');
const reporter = path.join(import.meta.dirname, 'event-lines.ts');

/** No file may take longer, so that a hanging test ends and is named. */
const patience = 8 * 60_000;

/** Runs one after the other: the root tests compare what the machine has before and after. */
export async function runTestFiles(runs: readonly TestRun[]): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const run of runs) {
    const outcome = await runTests(run);
    const { passed, failed, skipped } = countOf(outcome.tests);
    const seconds = (outcome.milliseconds / 1000).toFixed(1);
    console.log(
      `${failed === 0 ? 'ok  ' : 'FAIL'} ${run.title}: ${passed} passed, ${failed} failed, ${skipped} skipped (${seconds} s)`,
    );
    outcomes.push(outcome);
  }
  return outcomes;
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
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
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
