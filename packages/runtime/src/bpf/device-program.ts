import type { DeviceRule } from '@berth/model/runtime-spec';
import { containerDevices } from '../cgroup/device-rule.ts';
import type { DeviceException, DeviceState } from '../cgroup/device-state.ts';
import { invalid } from '../compile/invalid.ts';
import { encodeInstructions, instruction, opcode } from './instruction.ts';
import type { Instruction } from './instruction.ts';

/** BPF_DEVCG_DEV_* and BPF_DEVCG_ACC_* of include/uapi/linux/bpf.h. */
const deviceType = { b: 1, c: 2 } as const;
const accessBit: Readonly<Record<string, number>> = { m: 1, r: 2, w: 4 };
const allAccess = 7;

/** Registers: the context comes in r1, the verdict leaves in r0. */
const r = { verdict: 0, context: 1, type: 2, access: 3, major: 4, minor: 5 } as const;

/** A jump's offset is 16 bits wide; far more rules than this are nonsense anyway. */
const mostExceptions = 4096;

/**
 * The rules of a container as a BPF_PROG_TYPE_CGROUP_DEVICE program (struct bpf_insn), with the meaning that the v1
 * device cgroup gives them and what every container may use behind them (`alwaysAllowed`): later rules override, what
 * no rule speaks of is denied. An exception to "deny all" allows an access when it has all the letters asked for; an
 * exception to "allow all" denies it when it has any of them, so that a file which may not be written cannot be opened
 * for reading and writing either (runc lets that through). Throws `invalid_argument` as `deviceState` does.
 */
export function compileDeviceProgram(rules: readonly DeviceRule[]): Uint8Array {
  return encodeInstructions(programOf(containerDevices(rules)));
}

/** A state as instructions: every exception a block that ends in a jump to the last two instructions. */
export function programOf({ allow, exceptions }: DeviceState): Instruction[] {
  if (exceptions.length > mostExceptions) {
    throw invalid('linux.resources.devices', `more than ${mostExceptions} different rules`);
  }
  const blocks = exceptions.map((exception) => block(exception, allow));
  const start = prologue.length;
  const otherwise = start + blocks.reduce((sum, { length }) => sum + length, 0) + 2;
  let at = start;
  const linked = blocks.flatMap((steps) => {
    const next = at + steps.length;
    return steps.map((step) => link(step, at++, next, otherwise));
  });
  return [...prologue, ...linked, ...verdict(allow), ...verdict(!allow)];
}

/** struct bpf_cgroup_dev_ctx: u32 access_type (access << 16 | type), u32 major, u32 minor. */
const prologue: readonly Instruction[] = [
  instruction(opcode.load32, { dst: r.type, src: r.context, off: 0 }),
  instruction(opcode.move32, { dst: r.access, src: r.type }),
  instruction(opcode.and32, { dst: r.type, imm: 0xffff }),
  instruction(opcode.shiftRight32, { dst: r.access, imm: 16 }),
  instruction(opcode.load32, { dst: r.major, src: r.context, off: 4 }),
  instruction(opcode.load32, { dst: r.minor, src: r.context, off: 8 }),
];

interface Step {
  readonly instruction: Instruction;
  readonly to: 'next' | 'otherwise';
}

function block({ type, major, minor, access }: DeviceException, allow: boolean): Step[] {
  const bits = access.split('').reduce((sum, letter) => sum | (accessBit[letter] ?? 0), 0);
  const unless = (dst: number, imm: number): Step => ({
    instruction: instruction(opcode.jumpUnequal32, { dst, imm }),
    to: 'next',
  });
  const whenAny = (imm: number, to: Step['to']): Step => ({
    instruction: instruction(opcode.jumpAnyBit32, { dst: r.access, imm }),
    to,
  });
  const hit: Step = { instruction: instruction(opcode.jump), to: 'otherwise' };
  return [
    unless(r.type, deviceType[type]),
    ...(major === undefined ? [] : [unless(r.major, major)]),
    ...(minor === undefined ? [] : [unless(r.minor, minor)]),
    ...(allow && bits !== allAccess ? [whenAny(bits, 'otherwise')] : []),
    ...(!allow && bits !== allAccess ? [whenAny(allAccess & ~bits, 'next')] : []),
    ...(allow && bits !== allAccess ? [] : [hit]),
  ];
}

/** An offset counts from the instruction behind the jump. */
function link({ instruction: step, to }: Step, at: number, next: number, otherwise: number): Instruction {
  return { ...step, off: (to === 'next' ? next : otherwise) - at - 1 };
}

function verdict(allowed: boolean): Instruction[] {
  return [instruction(opcode.set, { dst: r.verdict, imm: allowed ? 1 : 0 }), instruction(opcode.exit)];
}
