/** The result of one test. */
export interface TestLine {
  /** With the names of what it is nested in. */
  readonly name: string;
  readonly file: string;
  readonly milliseconds: number;
  readonly result: 'passed' | 'failed' | 'skipped';
  /** The failure with its stack, or the reason of a skip. */
  readonly detail: string;
  /** How it failed in the attempt that it did not pass; it passed in the other one. */
  readonly unsteady?: string;
}

/** What became of one run: a file, or all the unit tests in one process. */
export interface Outcome {
  readonly title: string;
  readonly milliseconds: number;
  readonly tests: readonly TestLine[];
  /** What the process wrote itself. */
  readonly output: string;
}

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export function countOf(tests: readonly TestLine[]): Counts {
  const count = (result: TestLine['result']) => tests.filter((test) => test.result === result).length;
  return { passed: count('passed'), failed: count('failed'), skipped: count('skipped') };
}
