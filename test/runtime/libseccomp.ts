import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import type { SeccompSpec } from '@berth/model/runtime-spec';
import { actionValue } from '@berth/runtime/seccomp/action';

/** `enum scmp_compare`, seccomp.h. */
const comparisons = ['', 'NE', 'LT', 'LE', 'EQ', 'GE', 'GT', 'MASKED_EQ'];
const peerNames: Readonly<Record<string, string>> = {
  SCMP_ARCH_X86_64: 'x86_64',
  SCMP_ARCH_X86: 'x86',
  SCMP_ARCH_X32: 'x32',
  SCMP_ARCH_AARCH64: 'aarch64',
  SCMP_ARCH_ARM: 'arm',
};

const host = process.arch === 'arm64' ? 'SCMP_ARCH_AARCH64' : 'SCMP_ARCH_X86_64';

/** Builds the small program that exports what libseccomp makes of rules. @returns why it cannot be built, if so */
export function buildPeer(exporter: string): string | undefined {
  const source = new URL('programs/libseccomp-export.c', import.meta.url).pathname;
  const built = spawnSync('cc', ['-O1', '-o', exporter, source, '-lseccomp'], { encoding: 'utf8' });
  return built.status === 0 ? undefined : `libseccomp-dev is not installed: ${built.stderr}`;
}

/** The same profile through libseccomp: its program, and the names it does not know yet. */
export function throughPeer(exporter: string, spec: SeccompSpec): { program: Uint8Array; unknown: Set<string> } {
  const lines = [
    `default ${actionValue(spec.defaultAction, spec.defaultErrnoRet, '')}`,
    ...(spec.architectures ?? []).map((name) => `arch ${peerNames[name]}`),
    ...(spec.architectures?.includes(host) ? [] : ['foreign']),
  ];
  for (const { names, action, errnoRet, args = [] } of spec.syscalls ?? []) {
    const value = actionValue(action, errnoRet, '');
    // libseccomp refuses a rule that says what the default says; runc leaves it out.
    if (lines[0] === `default ${value}`) continue;
    const conditions = args.map(
      ({ index, op, value: first, valueTwo = 0 }) =>
        ` ${index} ${comparisons.indexOf(op.replace('SCMP_CMP_', ''))} ${first} ${valueTwo}`,
    );
    for (const name of names) lines.push(`rule ${value} ${name}${conditions.join('')}`);
  }
  const ran = spawnSync(exporter, { input: `${lines.join('\n')}\n` });
  assert.equal(ran.status, 0, ran.stderr.toString());
  const unknown = new Set(ran.stderr.toString().split('\n').filter(Boolean));
  return { program: ran.stdout, unknown };
}
