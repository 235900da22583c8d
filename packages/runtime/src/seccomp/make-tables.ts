/**
 * Makes the system call tables in `gen/` from the kernel's user space headers. Run when a new kernel
 * has new calls; the result is committed.
 *
 *     apt-get download linux-libc-dev-arm64-cross linux-libc-dev-armhf-cross   # unpack with dpkg -x
 *     node packages/runtime/src/seccomp/make-tables.ts ARM64_INCLUDE ARM_INCLUDE
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';

const x32Bit = 0x4000_0000;

/**
 * Calls that Debian 12's headers (Linux 6.1) lack. From 424 on a number is the same on every
 * architecture; the two probes are x86_64's own. Linux 6.18, arch/x86/entry/syscalls and
 * scripts/syscall.tbl.
 */
const newer: Readonly<Record<string, number>> = {
  cachestat: 451,
  fchmodat2: 452,
  map_shadow_stack: 453,
  futex_wake: 454,
  futex_wait: 455,
  futex_requeue: 456,
  statmount: 457,
  listmount: 458,
  lsm_get_self_attr: 459,
  lsm_set_self_attr: 460,
  lsm_list_modules: 461,
  mseal: 462,
  setxattrat: 463,
  getxattrat: 464,
  listxattrat: 465,
  removexattrat: 466,
  open_tree_attr: 467,
  file_getattr: 468,
  file_setattr: 469,
};

/** Later calls that x32 does not have. */
const not32 = new Set(['map_shadow_stack']);

const newerX64 = { uretprobe: 335, uprobe: 336 };

interface Source {
  readonly file: string;
  readonly title: string;
  readonly header: string;
  readonly cc: readonly string[];
  readonly extra?: Readonly<Record<string, number>>;
}

const [arm64 = '', arm = ''] = process.argv.slice(2);

const sources: readonly Source[] = [
  { file: 'x86-64', title: 'x86_64', header: 'asm/unistd_64.h', cc: [], extra: newerX64 },
  { file: 'x32', title: 'x32', header: 'asm/unistd_x32.h', cc: [`-D__X32_SYSCALL_BIT=${x32Bit}`] },
  { file: 'i386', title: 'i386', header: 'asm/unistd_32.h', cc: [] },
  { file: 'aarch64', title: 'aarch64', header: 'asm/unistd.h', cc: ['-nostdinc', `-I${arm64}`] },
  {
    file: 'arm',
    title: 'arm EABI',
    header: 'asm/unistd.h',
    cc: ['-nostdinc', '-D__ARM_EABI__', `-I${arm}`],
  },
];

for (const source of sources) writeTable(source);

function writeTable({ file, title, header, cc, extra }: Source): void {
  const macros = macrosOf(header, cc);
  const calls: Record<string, number> = {};
  for (const name of macros.keys()) {
    const call = /^__(?:NR|ARM_NR)_([a-z_][a-z0-9_]*)$/.exec(name)?.[1];
    if (call !== undefined && !call.startsWith('syscall')) calls[call] = evaluate(name, macros);
  }
  const bit = file === 'x32' ? x32Bit : 0;
  for (const [name, number] of Object.entries({ ...newer, ...extra })) {
    if (bit === 0 || !not32.has(name)) calls[name] ??= number | bit;
  }
  const lines = Object.entries(calls)
    .sort(([a, x], [b, y]) => x - y || a.localeCompare(b))
    .map(([name, number]) => `  ${name}: ${number},`);
  const text = [
    `// Made by ../make-tables.ts from <${header}>; do not edit.`,
    `/** System call numbers of ${title}. */`,
    'export const numbers: Readonly<Record<string, number>> = {',
    ...lines,
    '};',
    '',
  ].join('\n');
  writeFileSync(new URL(`gen/${file}.ts`, import.meta.url), text);
}

function macrosOf(header: string, cc: readonly string[]): Map<string, string> {
  const output = execFileSync('cc', ['-E', '-dM', ...cc, '-'], {
    input: `#include <${header}>\n`,
    encoding: 'utf8',
  });
  const lines = output.split('\n').map((line) => /^#define (\w+) (.*)$/.exec(line));
  return new Map(lines.flatMap((match) => (match ? [[match[1] ?? '', match[2] ?? '']] : [])));
}

/** The value of a macro: numbers, other macros and sums of them. */
function evaluate(name: string, macros: Map<string, string>): number {
  const text = macros.get(name) ?? name;
  const terms = text.replace(/[()]/g, '').split('+');
  return terms
    .map((term) => term.trim())
    .reduce((sum, term) => {
      const value = macros.has(term) ? evaluate(term, macros) : Number(term);
      if (!Number.isInteger(value)) throw new Error(`cannot evaluate ${name}: ${text}`);
      return sum + value;
    }, 0);
}
