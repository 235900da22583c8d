/** One struct sock_filter, linux/filter.h. */
export interface Instruction {
  readonly code: number;
  /** How many instructions to pass over when the test holds, and when it does not: at most 255. */
  readonly jt: number;
  readonly jf: number;
  readonly k: number;
}

/** The classic BPF codes that seccomp takes, linux/bpf_common.h. */
export const BPF = {
  LD_W_ABS: 0x20,
  ALU_AND_K: 0x54,
  JMP_JA: 0x05,
  JMP_JEQ_K: 0x15,
  JMP_JGT_K: 0x25,
  JMP_JGE_K: 0x35,
  JMP_JSET_K: 0x45,
  RET_K: 0x06,
} as const;

/** Offsets in struct seccomp_data, seccomp(2). */
export const data = {
  number: 0,
  architecture: 4,
  /** The two halves of an argument on a little endian machine. */
  low: (argument: number) => 16 + 8 * argument,
  high: (argument: number) => 20 + 8 * argument,
} as const;

/** The program as seccomp(2) takes it. */
export function encode(program: readonly Instruction[]): Uint8Array {
  const bytes = new Uint8Array(8 * program.length);
  const view = new DataView(bytes.buffer);
  program.forEach(({ code, jt, jf, k }, index) => {
    view.setUint16(8 * index, code, true);
    view.setUint8(8 * index + 2, jt);
    view.setUint8(8 * index + 3, jf);
    view.setUint32(8 * index + 4, k, true);
  });
  return bytes;
}
