import { instructionSize, opcode } from './instruction.ts';

/** What a process asks the device cgroup for. `access` has at least one of the letters `rwm`. */
export interface DeviceAccess {
  readonly type: 'c' | 'b';
  readonly major: number;
  readonly minor: number;
  readonly access: string;
}

/**
 * Runs a program of `compileDeviceProgram`, for tests and for `explain`: the machine that this knows is only as large as
 * what is compiled here. Throws for anything else, as the kernel's verifier would.
 */
export function runDeviceProgram(program: Uint8Array, asked: DeviceAccess): boolean {
  const context = contextOf(asked);
  const view = new DataView(program.buffer, program.byteOffset, program.byteLength);
  const registers = new Uint32Array(11);
  for (let pc = 0; pc * instructionSize < program.length; pc++) {
    const at = pc * instructionSize;
    const code = view.getUint8(at);
    const dst = view.getUint8(at + 1) & 15;
    const src = view.getUint8(at + 1) >> 4;
    const off = view.getInt16(at + 2, true);
    const imm = view.getUint32(at + 4, true);
    const value = registers[dst] ?? 0;
    if (code === opcode.exit) return registers[0] !== 0;
    else if (code === opcode.load32) registers[dst] = context.getUint32(off, true);
    else if (code === opcode.move32) registers[dst] = registers[src] ?? 0;
    else if (code === opcode.set) registers[dst] = imm;
    else if (code === opcode.and32) registers[dst] = value & imm;
    else if (code === opcode.shiftRight32) registers[dst] = value >>> imm;
    else if (code === opcode.jump) pc += off;
    else if (code === opcode.jumpUnequal32) pc += value === imm ? 0 : off;
    else if (code === opcode.jumpAnyBit32) pc += (value & imm) === 0 ? 0 : off;
    else throw new Error(`unknown instruction ${code} at ${pc}`);
  }
  throw new Error('the program does not end in exit');
}

function contextOf({ type, major, minor, access }: DeviceAccess): DataView {
  const view = new DataView(new ArrayBuffer(12));
  const bits = access.split('').reduce((sum, letter) => sum | (1 << 'mrw'.indexOf(letter)), 0);
  view.setUint32(0, (bits << 16) | (type === 'b' ? 1 : 2), true);
  view.setUint32(4, major, true);
  view.setUint32(8, minor, true);
  return view;
}
