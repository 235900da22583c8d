import { ENOSYS, ret } from './action.ts';
import type { Architecture } from './architecture.ts';
import type { Assembler, Label } from './assembler.ts';
import { testCondition } from './condition.ts';
import { frequency } from './frequency.ts';
import { BPF, data } from './instruction.ts';
import type { Calls, Treatment } from './rule.ts';

/** What a filter does besides its rules. */
export interface Defaults {
  readonly value: number;
  /** Answer ENOSYS to calls newer than any that the profile knows. */
  readonly enosys: boolean;
}

const noSuchCall: Treatment = { always: ret.errno | ENOSYS, checks: [] };
const killed: Treatment = { always: ret.killThread, checks: [] };

/** Numbers from `first` up to the next range's are treated the same. */
interface Range {
  readonly first: number;
  readonly treatment: Treatment;
  /** How often calls of the range are made, for the shape of the search. */
  weight: number;
}

/**
 * Code that looks up the system call number and gives its verdict: a binary search over the ranges
 * of equal treatment, weighted so that what programs call all the time is found in few steps.
 */
export function dispatch(
  code: Assembler,
  parts: readonly { readonly architecture: Architecture; readonly calls: Calls }[],
  defaults: Defaults,
): Label {
  const ranges = parts
    .flatMap(({ architecture, calls }) => rangesOf(architecture, calls, defaults))
    .toSorted((a, b) => a.first - b.first);
  const end = Math.max(...parts.map(({ architecture }) => architecture.end));
  // x32 calls of a profile without x32: as from any other foreign architecture.
  if (end <= 0xffff_ffff) ranges.push({ first: end, treatment: killed, weight: 1 });
  const narrowFrom = parts.find(({ architecture }) => architecture.narrow)?.architecture.first;
  const search = (from: number, to: number): Label => {
    const only = ranges[from];
    if (only === undefined) return code.ret(ret.killThread);
    if (to - from === 1) {
      const narrow = narrowFrom !== undefined && only.first >= narrowFrom;
      return treat(code, only.treatment, { narrow, value: defaults.value });
    }
    const middle = split(ranges, from, to);
    const yes = search(middle, to);
    const no = search(from, middle);
    return code.jump({ code: BPF.JMP_JGE_K, k: ranges[middle]?.first ?? 0 }, { yes, no });
  };
  return code.load(data.number, search(0, ranges.length));
}

function treat(
  code: Assembler,
  { always, checks }: Treatment,
  { narrow, value }: { narrow: boolean; value: number },
): Label {
  if (always !== undefined) return code.ret(always);
  return checks.reduceRight((otherwise, check) => {
    const verdict = code.ret(check.value);
    return check.conditions.reduceRight(
      (yes, condition) => testCondition(code, { ...condition, narrow }, { yes, no: otherwise }),
      verdict,
    );
  }, code.ret(value));
}

/** The ranges of one architecture, from its first number to its end. */
function rangesOf(architecture: Architecture, calls: Calls, defaults: Defaults): Range[] {
  const weights = frequency(architecture);
  const empty = gaps(architecture, calls, defaults);
  const ranges: Range[] = [];
  let last: Range | undefined;
  const put = (first: number, treatment: Treatment) => {
    const weight = weights.get(first) ?? 1;
    if (last?.treatment.always !== undefined && last.treatment.always === treatment.always) {
      last.weight += weight;
    } else {
      last = { first, treatment, weight };
      ranges.push(last);
    }
  };
  const putGap = (from: number, to: number) => {
    for (const gap of empty) {
      const first = Math.max(from, gap.first);
      if (first < Math.min(to, gap.end)) put(first, gap.treatment);
    }
  };
  let at = architecture.first;
  for (const number of Array.from(calls.byNumber.keys()).sort((a, b) => a - b)) {
    if (number > at) putGap(at, number);
    const treatment = calls.byNumber.get(number);
    if (treatment !== undefined) put(number, treatment);
    at = number + 1;
  }
  putGap(at, architecture.end);
  return ranges;
}

/** What holds where there is no rule: the default, and ENOSYS for calls later than all named ones. */
function gaps({ first, end, privateFrom }: Architecture, { last }: Calls, defaults: Defaults) {
  const usual: Treatment = { always: defaults.value, checks: [] };
  if (!defaults.enosys || last === undefined) return [{ first, end, treatment: usual }];
  const later = last + 1;
  const endOfLater = Math.min(end, privateFrom);
  return [
    { first, end: later, treatment: usual },
    { first: later, end: endOfLater, treatment: noSuchCall },
    { first: endOfLater, end, treatment: usual },
  ];
}

/** Where to part the ranges `from` to `to` so that both sides weigh about the same. */
function split(ranges: readonly Range[], from: number, to: number): number {
  let total = 0;
  for (let index = from; index < to; index++) total += ranges[index]?.weight ?? 0;
  let left = 0;
  for (let index = from + 1; index < to; index++) {
    const before = left;
    left += ranges[index - 1]?.weight ?? 0;
    // The first place at or past the middle, or the one before it when that is nearer.
    if (2 * left >= total) return total - 2 * before < 2 * left - total && index - 1 > from ? index - 1 : index;
  }
  return to - 1;
}
