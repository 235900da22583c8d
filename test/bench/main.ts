/**
 * `npm run bench` measures all; `npm run bench -- start memory` some. Prints a table with the peers' ratios to ours
 * and writes build/bench.json.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import path from 'node:path';
import { build } from '../../scripts/build.ts';
import { type Findings, formatTable, type Measure } from './report.ts';

/** Loaded when they are wanted: some need what `build` makes. */
const measures: readonly Measure[] = [
  { name: 'start', run: async () => await (await import('./start.ts')).measureStart() },
  { name: 'exec', run: async () => await (await import('./exec.ts')).measureExec() },
  { name: 'oci', run: async () => await (await import('./oci-command.ts')).measureOciCommand() },
  { name: 'seccomp', run: async () => await (await import('./seccomp.ts')).measureSeccomp() },
  { name: 'command', run: async () => await (await import('./command.ts')).measureCommand() },
  { name: 'idle', run: async () => await (await import('./idle.ts')).measureIdle() },
  { name: 'memory', run: async () => await (await import('./memory.ts')).measureMemory() },
  { name: 'load', run: async () => await (await import('./load.ts')).measureLoad() },
  { name: 'pull', run: async () => await (await import('./pull.ts')).measurePull() },
  { name: 'copy', run: async () => await (await import('./copy.ts')).measureCopy() },
  { name: 'metadata', run: async () => await (await import('./images-metadata.ts')).measureImagesMetadata() },
  // These leave the machine's network for one of their own, and come last.
  { name: 'cri-calls', run: async () => await (await import('./cri/calls.ts')).measureCriCalls() },
  { name: 'cri-lists', run: async () => await (await import('./cri/lists.ts')).measureCriLists() },
  { name: 'cri-memory', run: async () => await (await import('./cri/memory.ts')).measureCriMemory() },
  { name: 'cri-logs', run: async () => await (await import('./cri/logs.ts')).measureCriLogs() },
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
