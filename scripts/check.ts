/** One command that checks all that needs no container: `npm run check`. */
import { fileComplaints, projectFiles } from './check/file-rules.ts';
import { nodeStep, runStep, type Step, type StepResult } from './check/step.ts';
import { findBreaches } from './fences.ts';
import { runTestFiles } from './test/run-files.ts';
import { unitTests } from './test/selection.ts';
import { printSummary } from './test/summary.ts';

const tool = (name: string) => `node_modules/${name}/bin/${name === 'typescript' ? 'tsc' : name}`;

const steps: readonly Step[] = [
  nodeStep('types', [tool('typescript'), '--project', '.']),
  nodeStep('lint', [tool('oxlint'), '--format=unix']),
  nodeStep('format', [tool('oxfmt'), '--list-different']),
  nodeStep('generated code', ['scripts/generate-plan-kinds.ts', '--check']),
  nodeStep('generated protobuf code', ['scripts/generate-proto.ts', '--check']),
  {
    name: 'fences',
    run: async () =>
      findBreaches()
        .map(({ place, reason }) => `${place}: ${reason}`)
        .join('\n'),
  },
  { name: 'file rules', run: async () => fileComplaints(projectFiles()).join('\n') },
];

/** Everything but tests. Prints a line for each step, and what is wrong. */
export async function check(): Promise<StepResult[]> {
  const results = await Promise.all(steps.map(runStep));
  for (const { name, complaint, milliseconds } of results) {
    console.log(`${complaint === '' ? 'ok  ' : 'FAIL'} ${name} (${(milliseconds / 1000).toFixed(1)} s)`);
    if (complaint !== '') console.log(complaint.replaceAll(/^/gm, '     '));
  }
  return results;
}

if (import.meta.main) {
  const checks = await check();
  const outcomes = await runTestFiles(unitTests());
  process.exitCode = printSummary({ checks, outcomes, missing: [] });
}
