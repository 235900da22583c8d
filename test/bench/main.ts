/**
 * `npm run bench` measures all; `npm run bench -- start memory` some. Prints a table with the peers' ratios to ours
 * and writes build/bench.json.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import path from 'node:path';
import { build } from '../../scripts/build.ts';
import { measureCommand } from './command.ts';
import { measureCopy } from './copy.ts';
import { measureExec } from './exec.ts';
import { measureIdle } from './idle.ts';
import { measureImagesMetadata } from './images-metadata.ts';
import { measureLoad } from './load.ts';
import { measureMemory } from './memory.ts';
import { measureOciCommand } from './oci-command.ts';
import { measurePull } from './pull.ts';
import { type Findings, formatTable, type Measure } from './report.ts';
import { measureSeccomp } from './seccomp.ts';
import { measureStart } from './start.ts';

const measures: readonly Measure[] = [
  { name: 'start', run: measureStart },
  { name: 'exec', run: measureExec },
  { name: 'oci', run: measureOciCommand },
  { name: 'seccomp', run: measureSeccomp },
  { name: 'command', run: measureCommand },
  { name: 'idle', run: measureIdle },
  { name: 'memory', run: measureMemory },
  { name: 'load', run: measureLoad },
  { name: 'pull', run: measurePull },
  { name: 'copy', run: measureCopy },
  { name: 'metadata', run: measureImagesMetadata },
];

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !measures.some((measure) => measure.name === name));
if (unknown.length > 0 || process.getuid?.() !== 0) {
  const names = measures.map(({ name }) => name).join(', ');
  console.error(unknown.length > 0 ? `bench: unknown ${unknown.join(' ')}: there are ${names}` : 'bench: needs root');
  process.exit(1);
}

await build();
const found: Record<string, Findings> = {};
for (const { name, run } of measures) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  console.log(`measuring: ${name} …`);
  const findings = await run();
  found[name] = findings;
  console.log(`\n${formatTable(findings.rows)}\n${findings.notes.map((note) => `  ${note}`).join('\n')}\n`);
}
const machine = {
  kernel: release(),
  cpus: cpus().length,
  model: cpus()[0]?.model,
  memory: totalmem(),
  node: process.version,
};
const output = path.join(import.meta.dirname, '../../build/bench.json');
mkdirSync(path.dirname(output), { recursive: true });
writeFileSync(output, `${JSON.stringify({ machine, at: new Date().toISOString(), found }, undefined, 2)}\n`);
console.log('written: build/bench.json');
