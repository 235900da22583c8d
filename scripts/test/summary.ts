import type { StepResult } from '../check/step.ts';
import { countOf, type Outcome, type TestLine } from './outcome.ts';

export interface Everything {
  /** Each counts as one test. */
  readonly checks: readonly StepResult[];
  readonly outcomes: readonly Outcome[];
  /** What the machine has not, and that tests may be skipped for. */
  readonly missing: readonly string[];
}

/** Prints failures and what was unsteady with details, skips with their reasons, then the counts. @returns the exit code */
export function printSummary({ checks, outcomes, missing }: Everything): number {
  for (const outcome of outcomes) printFailures(outcome);
  for (const { name } of checks.filter(({ complaint }) => complaint !== ''))
    console.log(`FAILED check ${name}, see above`);
  const tests = [...checks.map(asTest), ...outcomes.flatMap((outcome) => outcome.tests)];
  printUnsteady(outcomes);
  printSkips(tests);
  for (const line of missing) console.log(`missing: ${line}`);
  const { passed, failed, skipped } = countOf(tests);
  console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
  return failed > 0 || passed === 0 ? 1 : 0;
}

function asTest({ name, complaint, milliseconds }: StepResult): TestLine {
  const result = complaint === '' ? 'passed' : 'failed';
  return { name: `check ${name}`, file: '', milliseconds, result, detail: complaint };
}

function printFailures({ title, tests, output }: Outcome): void {
  const failed = tests.filter((test) => test.result === 'failed');
  if (failed.length === 0) return;
  for (const { name, detail } of failed) printDetail(`FAILED ${title}`, name, detail);
  printOutput(output);
}

/** Loud: each is a fault of the test, or one that few runs show. */
function printUnsteady(outcomes: readonly Outcome[]): void {
  let count = 0;
  for (const { title, tests, output } of outcomes) {
    const unsteady = tests.filter((test) => test.unsteady !== undefined);
    if (unsteady.length === 0) continue;
    count += unsteady.length;
    for (const { name, unsteady: detail } of unsteady) printDetail(`UNSTEADY ${title}`, name, detail ?? '');
    printOutput(output);
  }
  if (count > 0) console.log(`unsteady: ${count} failed in one of two attempts, see above`);
}

function printDetail(head: string, name: string, detail: string): void {
  console.log(`\n${head}\n  ${name}\n${detail.replaceAll(/^/gm, '    ')}`);
}

function printOutput(output: string): void {
  const last = output.trimEnd().split('\n').slice(-60).join('\n');
  if (last !== '') console.log(`  its output ended with\n${last.replaceAll(/^/gm, '    | ')}`);
  console.log('');
}

function printSkips(tests: readonly TestLine[]): void {
  const skipped = tests.filter((test) => test.result === 'skipped');
  for (const reason of new Set(skipped.map(({ detail }) => detail))) {
    const names = skipped.filter(({ detail }) => detail === reason).map(({ name }) => name);
    console.log(`skipped: ${reason}`);
    for (const name of names) console.log(`  ${name}`);
  }
}
