import { strict as assert } from 'node:assert';
import path from 'node:path';
import { test } from 'node:test';
import { whyAptFails } from '../../scripts/test/system-packages.ts';
import { findKernel, type Kernel, whyNoMachine } from './kernel.ts';
import { runMachine } from './machine.ts';
import { berthOci, buildProgram } from './program.ts';

/** Seven times what it takes; what hangs in the machine ends in some minutes by itself. */
const patience = 420_000;

// Cgroup v2 with its controllers and device programs is on few machines that build: it is brought.
test('berth-oci limits, freezes and ends containers on cgroup v2', async (t) => {
  if (process.getuid?.() !== 0) return t.skip('needs root: qemu hands on files of all users');
  const kernel = bringKernel();
  if (typeof kernel === 'string') return t.skip(kernel);
  const program = 'smoke';
  await buildProgram(program, { runtime: berthOci, systemd: false, topics: ['vm/smoke'] });
  const lines: string[] = [];
  const code = await runMachine(kernel, {
    start: path.join(import.meta.dirname, 'start.sh'),
    program,
    patience,
    onLine: (line) => lines.push(line),
  });
  if (code === undefined) return t.skip(`the emulated machine came to no end in ${patience} ms: ${lines.at(-1)}`);
  for (const line of lines.filter((each) => /^ *ok |berth-vm:/.test(each))) t.diagnostic(line.trim());
  assert.equal(code, 0, lines.join('\n'));
  assert.equal(lines.filter((line) => /^ +ok [0-9]+ - vm\/smoke: [^#]*$/.test(line)).length, 2, lines.join('\n'));
});

/** A kernel, or why there is none. */
function bringKernel(): Kernel | string {
  const isMissing = whyNoMachine() !== undefined;
  if (isMissing) whyAptFails(['qemu-system-x86', 'kmod', 'cpio', 'xz-utils', 'busybox-static']);
  const why = whyNoMachine();
  if (why !== undefined) return why;
  try {
    return findKernel();
  } catch (error) {
    return `no kernel from apt: ${String(error)}`;
  }
}
