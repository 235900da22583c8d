import { BPF } from './instruction.ts';

/** A system call as a filter sees it, struct seccomp_data. */
export interface SystemCall {
  readonly number: number;
  /** AUDIT_ARCH_. */
  readonly audit: number;
  readonly args?: readonly bigint[];
}

/** What a filter answered, and how many instructions that took. */
export interface Verdict {
  readonly value: number;
  readonly steps: number;
}

/**
 * Runs a filter over one system call, as the kernel would. For tests: it knows the instructions that
 * our compiler and libseccomp use, and throws on any other, and on a jump out of the program.
 */
export function interpret(program: Uint8Array, call: SystemCall): Verdict {
  const code = new DataView(program.buffer, program.byteOffset, program.byteLength);
  const input = seccompData(call);
  let accumulator = 0;
  let steps = 0;
  for (let at = 0; 8 * at < program.byteLength; at++) {
    const [operation, k] = [code.getUint16(8 * at, true), code.getUint32(8 * at + 4, true)];
    steps++;
    if (operation === BPF.RET_K) return { value: k, steps };
    if (operation === BPF.LD_W_ABS) accumulator = input.getUint32(k, true);
    else if (operation === BPF.ALU_AND_K) accumulator = (accumulator & k) >>> 0;
    else if (operation === BPF.JMP_JA) at += k;
    else at += code.getUint8(8 * at + (holds(operation, accumulator, k) ? 2 : 3));
  }
  throw new Error('the filter ended without a verdict');
}

function holds(operation: number, accumulator: number, k: number): boolean {
  if (operation === BPF.JMP_JEQ_K) return accumulator === k;
  if (operation === BPF.JMP_JGT_K) return accumulator > k;
  if (operation === BPF.JMP_JGE_K) return accumulator >= k;
  if (operation === BPF.JMP_JSET_K) return (accumulator & k) !== 0;
  throw new Error(`unknown instruction ${operation}`);
}

function seccompData({ number, audit, args = [] }: SystemCall): DataView {
  const view = new DataView(new ArrayBuffer(64));
  view.setUint32(0, number, true);
  view.setUint32(4, audit, true);
  args.forEach((value, index) => view.setBigUint64(16 + 8 * index, value, true));
  return view;
}
