import type { SeccompSpec } from '@berth/model/runtime-spec';
import { BerthError } from '@berth/model/error';
import { actionValue, filterFlags, isPermissive, ret } from './action.ts';
import { architecturesOf } from './architecture.ts';
import type { Architecture } from './architecture.ts';
import { Assembler } from './assembler.ts';
import { dispatch } from './dispatch.ts';
import { BPF, data, encode } from './instruction.ts';
import type { Instruction } from './instruction.ts';
import { callsOf, parseRules } from './rule.ts';
import type { ParsedRule } from './rule.ts';

/** A filter as seccomp(2) takes it. */
export interface SeccompProgram {
  /** SECCOMP_FILTER_FLAG_ bits. */
  readonly flags: number;
  /** struct sock_filter each, little endian. */
  readonly program: Uint8Array;
  /** Some call is for an agent to decide about: the filter comes with a listener. */
  readonly notifies: boolean;
}

/** BPF_MAXINSNS. */
const maxInstructions = 4096;

/** How many profiles are kept compiled: a host has few, most often one. */
const maxKept = 32;
const byContent = new Map<string, SeccompProgram>();
const byObject = new WeakMap<SeccompSpec, Map<string, SeccompProgram>>();

/**
 * Compiles a profile (runtime-spec config-linux.md, Seccomp) for a machine, with the meaning that
 * libseccomp and runc give it: other architectures are killed, and when the default action refuses,
 * calls newer than all the profile knows get ENOSYS, so that libraries fall back to older ones.
 * Equal profiles are compiled once. Throws `invalid_argument` naming the JSON path.
 */
export function compileSeccomp(spec: SeccompSpec, native: 'x64' | 'arm64'): SeccompProgram {
  const known = byObject.get(spec)?.get(native);
  if (known !== undefined) return known;
  const key = `${native} ${JSON.stringify(spec, (_, value) => (typeof value === 'bigint' ? `${value}n` : value))}`;
  const made = byContent.get(key) ?? compile(spec, native);
  remember(key, made);
  byObject.set(spec, new Map([...(byObject.get(spec) ?? []), [native, made]]));
  return made;
}

function compile(spec: SeccompSpec, native: 'x64' | 'arm64'): SeccompProgram {
  const program = assemble(spec, architecturesOf(spec.architectures, native));
  if (program.length > maxInstructions) {
    throw new BerthError('invalid_argument', 'linux.seccomp: the profile is too long for the kernel', {
      code: 'invalid_spec',
      hint: `${program.length} instructions, the kernel takes ${maxInstructions}`,
    });
  }
  const notifies = program.some(({ code, k }) => code === BPF.RET_K && k === ret.notify);
  return { flags: filterFlags(spec, notifies), program: encode(program), notifies };
}

/** The whole filter for some architectures; exported for tests. */
export function assemble(spec: SeccompSpec, architectures: readonly Architecture[]): readonly Instruction[] {
  const value = actionValue(spec.defaultAction, spec.defaultErrnoRet, 'linux.seccomp.default');
  const enosys = !isPermissive(value) && spec.defaultErrnoRet !== 38;
  const rules = parseRules(spec, value);
  const code = new Assembler();
  // Written last to first: the machine's own architecture comes first in the program.
  const groups = Map.groupBy(architectures, ({ audit }) => audit);
  let otherwise = code.ret(ret.killThread);
  for (const [audit, group] of [...groups].toReversed()) {
    const yes = dispatch(
      code,
      group.map((one) => part(one, rules)),
      { value, enosys },
    );
    otherwise = code.jump({ code: BPF.JMP_JEQ_K, k: audit }, { yes, no: otherwise });
  }
  code.load(data.architecture, otherwise);
  return code.program();
}

function part(architecture: Architecture, rules: readonly ParsedRule[]) {
  return { architecture, calls: callsOf(rules, architecture) };
}

function remember(key: string, made: SeccompProgram): void {
  byContent.delete(key);
  byContent.set(key, made);
  const [oldest] = byContent.keys();
  if (byContent.size > maxKept && oldest !== undefined) byContent.delete(oldest);
}
