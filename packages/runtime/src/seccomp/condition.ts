import type { SeccompArg } from '@berth/model/runtime-spec';
import { invalid } from '../compile/invalid.ts';
import type { Assembler, Label } from './assembler.ts';
import { BPF, data } from './instruction.ts';

/** One comparison of one argument, libseccomp's seccomp_rule_add(3). */
export interface Condition {
  readonly argument: number;
  readonly operator: Operator;
  readonly value: bigint;
  /** For MASKED_EQ: the argument's bits that count. */
  readonly mask: bigint;
}

type Operator = 'NE' | 'LT' | 'LE' | 'EQ' | 'GE' | 'GT' | 'MASKED_EQ';

const operators = new Set(['NE', 'LT', 'LE', 'EQ', 'GE', 'GT', 'MASKED_EQ']);
/** What a spec may name as a comparison. */
export const operatorNames: readonly string[] = [...operators].map((name) => `SCMP_CMP_${name}`);

const allBits = 0xffff_ffff_ffff_ffffn;
const word = 0xffff_ffffn;

/** A condition of a spec. For MASKED_EQ `value` is the mask and `valueTwo` what is left of it. */
export function conditionOf(arg: SeccompArg, path: string): Condition {
  const operator = arg.op.replace(/^SCMP_CMP_/, '');
  if (!operators.has(operator)) throw invalid(`${path}.op`, `unknown comparison ${arg.op}`);
  if (!Number.isInteger(arg.index) || arg.index < 0 || arg.index > 5) {
    throw invalid(`${path}.index`, `a system call has arguments 0 to 5, not ${arg.index}`);
  }
  const value = unsigned(arg.value, `${path}.value`);
  const second = unsigned(arg.valueTwo ?? 0, `${path}.valueTwo`);
  const masked = operator === 'MASKED_EQ';
  return {
    argument: arg.index,
    operator: operator as Operator,
    value: masked ? second : value,
    mask: masked ? value : allBits,
  };
}

/**
 * Code that tests a condition and goes on at `yes` or `no`. Arguments are 64 bits wide and BPF
 * words 32, so the high half decides first; `narrow` architectures have no high half.
 */
export function testCondition(
  code: Assembler,
  condition: Condition & { readonly narrow: boolean },
  next: { readonly yes: Label; readonly no: Label },
): Label {
  const { operator, value, argument, mask } = condition;
  const [yes, no] = isNegated(operator) ? [next.no, next.yes] : [next.yes, next.no];
  const strict = operator === 'GT' || operator === 'LE';
  const isOrder = strict || operator === 'LT' || operator === 'GE';
  const order = strict ? BPF.JMP_JGT_K : BPF.JMP_JGE_K;
  const lowTest = isOrder ? order : BPF.JMP_JEQ_K;
  const lowWord = code.jump({ code: lowTest, k: Number(value & word) }, { yes, no });
  const low = code.load(data.low(argument), code.mask(Number(mask & word), lowWord));
  const highMask = mask >> 32n;
  const highValue = value >> 32n;
  if (condition.narrow || (highMask === 0n && highValue === 0n)) return low;
  const high = Number(highValue);
  const unequal = isOrder ? code.jump({ code: BPF.JMP_JGT_K, k: high }, { yes, no }) : no;
  const equal = code.jump({ code: BPF.JMP_JEQ_K, k: high }, { yes: low, no: unequal });
  return code.load(data.high(argument), code.mask(Number(highMask), equal));
}

/** NE is not EQ, LT is not GE, LE is not GT. */
function isNegated(operator: Operator): boolean {
  return operator === 'NE' || operator === 'LT' || operator === 'LE';
}

function unsigned(value: number | bigint, path: string): bigint {
  if (typeof value === 'number' && !Number.isInteger(value)) {
    throw invalid(path, `not a whole number: ${value}`);
  }
  return BigInt.asUintN(64, BigInt(value));
}
