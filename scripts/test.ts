/**
 * `npm test`: brings everything, checks everything, runs every test.
 * `npm test -- PATH…` runs only the tests whose path is, or is below, or contains one of the arguments.
 * With CI=true what failed is run once more after all others.
 */
import { build } from './build.ts';
import { check } from './check.ts';
import { runStep } from './check/step.ts';
import { runTestFiles } from './test/run-files.ts';
import { matchingTests, rootTests, unitTests } from './test/selection.ts';
import { printSummary } from './test/summary.ts';
import { installSystemPackages } from './test/system-packages.ts';

const filters = process.argv.slice(2);
const missing = installSystemPackages();
const built = await runStep({ name: 'build', run: async () => (await build(), '') });
if (built.complaint !== '') console.log(`FAIL build\n${built.complaint}`);
const all = filters.length === 0;
const checks = [built, ...(all ? await check() : [])];
const runs = all ? [...unitTests(), ...rootTests()] : matchingTests(filters);
if (runs.length === 0) console.log(`no test matches ${filters.join(' ')}`);
const outcomes = await runTestFiles(runs, { again: process.env['CI'] === 'true' });
process.exitCode = runs.length === 0 ? 1 : printSummary({ checks, outcomes, missing });
