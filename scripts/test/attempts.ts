import { countOf, type Outcome, type TestLine } from './outcome.ts';

/**
 * Two attempts at the same files as one outcome: what failed in one and passed in the other is unsteady and counts as
 * passed, what passed in neither is a failure.
 */
export function mergeAttempts(first: Outcome, second: Outcome): Outcome {
  const names = new Set([...first.tests, ...second.tests].map(({ name }) => name));
  return {
    title: first.title,
    milliseconds: first.milliseconds + second.milliseconds,
    tests: [...names].flatMap((name) => judge(name, [first, second])),
    output: countOf(second.tests).failed === 0 ? first.output : second.output,
  };
}

function judge(name: string, attempts: readonly Outcome[]): readonly TestLine[] {
  const linesOf = ({ tests }: Outcome) => tests.filter((test) => test.name === name);
  const failed = attempts.flatMap(linesOf).filter(({ result }) => result === 'failed');
  const [one] = failed;
  if (one === undefined) return attempts.map(linesOf).find((lines) => lines.length > 0) ?? [];
  const hasPassed = attempts.some((attempt) => passes(linesOf(attempt), attempt));
  if (hasPassed) return [{ ...one, result: 'passed', detail: '', unsteady: one.detail }];
  return [{ ...one, detail: failed.map(({ detail }) => detail).join('\nand once more:\n') }];
}

/** A skip proves nothing. Of suites and of processes only failures are told: they passed where nothing failed. */
function passes(lines: readonly TestLine[], { tests }: Outcome): boolean {
  if (lines.length > 0) return lines.every(({ result }) => result === 'passed');
  const { passed, failed } = countOf(tests);
  return passed > 0 && failed === 0;
}
