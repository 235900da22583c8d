import { BPF } from './instruction.ts';
import type { Instruction } from './instruction.ts';

/** A place in the program: how many instructions there are from it to the end. */
export type Label = number;

/** The farthest a conditional jump reaches. */
const reach = 255;

/** How near a return must be to be shared, so that jumps over both branches still reach it. */
const near = 200;

/**
 * Writes a BPF program from its end to its start. BPF jumps only forward, so that way every target
 * is known when a jump to it is written, and equal returns are shared by all that come near.
 */
export class Assembler {
  /** Last instruction first. */
  readonly #code: Instruction[] = [];
  readonly #returns = new Map<number, Label>();

  /** Ends the filter with a verdict. */
  ret(value: number): Label {
    const known = this.#returns.get(value);
    if (known !== undefined && this.#code.length - known < near) return known;
    const label = this.#emit({ code: BPF.RET_K, jt: 0, jf: 0, k: value >>> 0 });
    this.#returns.set(value, label);
    return label;
  }

  /** Goes on at `yes` when the test of the accumulator holds, else at `no`. */
  jump(test: { readonly code: number; readonly k: number }, next: { readonly yes: Label; readonly no: Label }): Label {
    if (next.yes === next.no) return next.yes;
    // One more for the other branch's own stepping stone.
    const [yes, no] = [this.#within(next.yes, 1), this.#within(next.no, 0)];
    const { length } = this.#code;
    return this.#emit({ ...test, jt: length - yes, jf: length - no });
  }

  /** Loads a word of seccomp_data, then goes on at `next`. */
  load(offset: number, next: Label): Label {
    this.#follow(next);
    return this.#emit({ code: BPF.LD_W_ABS, jt: 0, jf: 0, k: offset });
  }

  /** Keeps these bits of the accumulator, then goes on at `next`. */
  mask(bits: number, next: Label): Label {
    if (bits === 0xffff_ffff) return next;
    this.#follow(next);
    return this.#emit({ code: BPF.ALU_AND_K, jt: 0, jf: 0, k: bits >>> 0 });
  }

  /** The program, first instruction first. */
  program(): Instruction[] {
    return this.#code.toReversed();
  }

  /** The label itself, or a jump to it that is near enough. */
  #within(label: Label, spare: number): Label {
    const distance = this.#code.length + spare - label;
    if (distance <= reach) return label;
    return this.#emit({ code: BPF.JMP_JA, jt: 0, jf: 0, k: this.#code.length - label });
  }

  /** What has no jump of its own runs into the code written last: a jump, if that is not `next`. */
  #follow(next: Label): void {
    const distance = this.#code.length - next;
    if (distance > 0) this.#emit({ code: BPF.JMP_JA, jt: 0, jf: 0, k: distance });
  }

  #emit(instruction: Instruction): Label {
    return this.#code.push(instruction);
  }
}
