import type { SeccompRule, SeccompSpec } from '@berth/model/runtime-spec';
import { invalid } from '../compile/invalid.ts';
import { actionValue } from './action.ts';
import type { Architecture } from './architecture.ts';
import { conditionOf } from './condition.ts';
import type { Condition } from './condition.ts';

/** What a rule demands of the arguments, all of it, and the verdict then. */
export interface Check {
  readonly conditions: readonly Condition[];
  readonly value: number;
}

/** What happens to one system call: always the same, or by the first check that holds. */
export interface Treatment {
  readonly always?: number;
  readonly checks: readonly Check[];
}

/** A spec's rule with its parts looked up, before it is applied to an architecture. */
export interface ParsedRule {
  readonly names: readonly string[];
  readonly value: number;
  /** The same as the default action: it says only that the profile knows the call. */
  readonly redundant: boolean;
  /** Alternatives: one list of conditions each; a single empty list when there are none. */
  readonly alternatives: readonly (readonly Condition[])[];
}

/** What a profile says about one architecture. */
export interface Calls {
  readonly byNumber: ReadonlyMap<number, Treatment>;
  /** The highest number named, the architecture's private ones apart; undefined when none is. */
  readonly last: number | undefined;
}

/** The rules of a spec, looked up and checked. */
export function parseRules(spec: SeccompSpec, defaultValue: number): ParsedRule[] {
  return (spec.syscalls ?? []).map((rule, index) => {
    const parsed = parseRule(rule, `linux.seccomp.syscalls[${index}]`);
    return { ...parsed, redundant: parsed.value === defaultValue };
  });
}

/**
 * Every call of an architecture that a rule speaks of, by number. Names that the architecture does
 * not have are passed over: profiles list the calls of all. A rule without conditions wins over
 * those with some, wherever it stands; among equals the first one wins.
 */
export function callsOf(rules: readonly ParsedRule[], architecture: Architecture): Calls {
  const { numbers, multiplexed, privateFrom } = architecture;
  const byNumber = new Map<number, Treatment>();
  let last: number | undefined;
  for (const rule of rules) {
    for (const name of rule.names) {
      const number = Object.hasOwn(numbers, name) ? numbers[name] : undefined;
      if (number !== undefined && number < privateFrom) last = Math.max(last ?? 0, number);
      if (rule.redundant) continue;
      if (number !== undefined) add(byNumber, number, rule);
      const inside = Object.hasOwn(multiplexed, name) ? multiplexed[name] : undefined;
      if (inside === undefined) continue;
      add(byNumber, numbers[inside.by] ?? 0, { ...rule, alternatives: [[isCode(inside.code)]] });
    }
  }
  return { byNumber, last };
}

function add(found: Map<number, Treatment>, number: number, rule: ParsedRule): void {
  const { always, checks } = found.get(number) ?? { checks: [] };
  if (always !== undefined) return;
  if (rule.alternatives.some((conditions) => conditions.length === 0)) {
    found.set(number, { always: rule.value, checks: [] });
    return;
  }
  const more = rule.alternatives.map((conditions) => ({ conditions, value: rule.value }));
  found.set(number, { checks: [...checks, ...more] });
}

function isCode(code: number): Condition {
  return { argument: 0, operator: 'EQ', value: BigInt(code), mask: 0xffff_ffff_ffff_ffffn };
}

function parseRule(rule: SeccompRule, path: string): Omit<ParsedRule, 'redundant'> {
  if (!Array.isArray(rule.names)) throw invalid(`${path}.names`, 'is not a list');
  const value = actionValue(rule.action, rule.errnoRet, path);
  const conditions = (rule.args ?? []).map((arg, index) => conditionOf(arg, `${path}.args[${index}]`));
  const distinct = new Set(conditions.map(({ argument }) => argument)).size === conditions.length;
  // Two conditions on one argument were alternatives in old profiles, and runc keeps that meaning.
  const alternatives = distinct ? [conditions] : conditions.map((condition) => [condition]);
  return { names: rule.names, value, alternatives };
}
