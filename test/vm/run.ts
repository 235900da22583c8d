/**
 * Runs cases of the conformance suite on cgroup v2 alone, in an emulated machine:
 * `run.ts [runc] [--systemd] [TOPIC…]`, by default berth-oci and all topics.
 */
import { globSync } from 'node:fs';
import path from 'node:path';
import { build } from '../../scripts/build.ts';
import { findKernel, whyNoMachine } from './kernel.ts';
import { runMachine } from './machine.ts';
import { buildProgram } from './program.ts';

const words = process.argv.slice(2);
const named = words.filter((word) => word !== 'runc' && !word.startsWith('--'));
const here = import.meta.dirname;
const all = () => [
  ...globSync('*.ts', { cwd: path.join(here, 'cases') }).map((file) => `vm/${path.basename(file, '.ts')}`),
  ...globSync('*/cases.ts', { cwd: path.join(here, '../conformance') }).map((file) => path.dirname(file)),
];

const why = whyNoMachine();
if (why !== undefined) throw new Error(why);
await build();
const systemd = words.includes('--systemd');
const runtime = words.includes('runc') ? 'runc' : 'berth-oci';
const program = `run-${process.pid}`;
await buildProgram(program, { runtime, systemd, topics: named.length === 0 ? all().toSorted() : named });
const kernel = findKernel();
console.log(`Linux ${kernel.version}, ${runtime}${systemd ? ', systemd' : ''}`);
process.exitCode = await runMachine(kernel, {
  start: path.join(here, systemd ? 'start-systemd.sh' : 'start.sh'),
  program,
  patience: 3_600_000,
  onLine: (line) => console.log(line),
});
