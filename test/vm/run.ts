/**
 * Runs cases of the conformance suite on cgroup v2 alone, in an emulated machine:
 * `run.ts [runc] [--systemd] [TOPIC…]`, by default berth-oci and all topics.
 */
import { globSync, rmSync } from 'node:fs';
import path from 'node:path';
import { findRunc } from '../conformance/suite/find-runc.ts';
import { build } from '../../scripts/build.ts';
import { findKernel, whyNoMachine } from './kernel.ts';
import { runMachine } from './machine.ts';
import { berthOci, buildProgram } from './program.ts';

const words = process.argv.slice(2);
const systemd = words.includes('--systemd');
const named = words.filter((word) => word !== 'runc' && !word.startsWith('--'));
const here = import.meta.dirname;

/** What `--systemd` does not ask for has a cgroup's path, or is for that alone. */
function usualTopics(): string[] {
  if (systemd) return ['vm/systemd'];
  const suite = globSync('*/cases.ts', { cwd: path.join(here, '../conformance') }).map((file) => path.dirname(file));
  return ['vm/cgroup-v2', ...suite.toSorted()];
}

const why = whyNoMachine();
if (why !== undefined) throw new Error(why);
await build();
const runtime = words.includes('runc') ? await findRunc() : berthOci;
if (runtime === undefined) throw new Error('no runc: neither go to build one with, nor a package');
const program = `run-${process.pid}`;
const folder = await buildProgram(program, { runtime, systemd, topics: named.length === 0 ? usualTopics() : named });
try {
  const kernel = findKernel();
  console.log(`Linux ${kernel.version}, ${runtime.name}${systemd ? ', systemd' : ''}`);
  process.exitCode = await runMachine(kernel, {
    start: path.join(here, systemd ? 'start-systemd.sh' : 'start.sh'),
    program,
    patience: 3_600_000,
    onLine: (line) => console.log(line),
  });
} finally {
  rmSync(folder, { recursive: true });
}
