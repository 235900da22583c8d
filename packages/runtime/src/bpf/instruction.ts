/**
 * One instruction of the kernel's eBPF machine, as struct bpf_insn lays it out (include/uapi/linux/bpf.h): opcode, two
 * registers in one byte, a signed offset, a signed immediate, little endian.
 */
export interface Instruction {
  readonly code: number;
  readonly dst: number;
  readonly src: number;
  readonly off: number;
  readonly imm: number;
}

export const instructionSize = 8;

/** The opcodes used here. Jumps compare 32 bits (since Linux 5.1): 64-bit ones would extend the immediate's sign. */
export const opcode = {
  /** dst = *(u32 *)(src + off) */
  load32: 0x61,
  /** dst = (u32) src */
  move32: 0xbc,
  /** dst = imm */
  set: 0xb7,
  /** (u32) dst &= imm */
  and32: 0x54,
  /** (u32) dst >>= imm */
  shiftRight32: 0x74,
  /** pc += off */
  jump: 0x05,
  /** if ((u32) dst != imm) pc += off */
  jumpUnequal32: 0x56,
  /** if ((u32) dst & imm) pc += off */
  jumpAnyBit32: 0x46,
  /** return r0 */
  exit: 0x95,
} as const;

export function instruction(code: number, fields: Partial<Omit<Instruction, 'code'>> = {}): Instruction {
  return { code, dst: 0, src: 0, off: 0, imm: 0, ...fields };
}

export function encodeInstructions(instructions: readonly Instruction[]): Uint8Array {
  const bytes = new Uint8Array(instructions.length * instructionSize);
  const view = new DataView(bytes.buffer);
  for (const [index, { code, dst, src, off, imm }] of instructions.entries()) {
    const at = index * instructionSize;
    view.setUint8(at, code);
    view.setUint8(at + 1, dst | (src << 4));
    view.setInt16(at + 2, off, true);
    view.setInt32(at + 4, imm | 0, true);
  }
  return bytes;
}
