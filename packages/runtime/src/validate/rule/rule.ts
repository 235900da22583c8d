import { below } from '../finding.ts';
import type { Finding, Found } from '../finding.ts';

/** One thing that may not be, in a value whose shape is right. */
export interface Rule<T> {
  /** Stable; one rule has one code. */
  readonly code: `spec.${string}`;
  /** What is wrong, for docs/spec-errors.md. */
  readonly meaning: string;
  /** What to change: the hint of the finding. */
  readonly remedy: string;
  /** A warning does not keep the container from running. */
  readonly level?: 'warning';
  /** Paths are relative to the value. */
  readonly find: (value: T) => Iterable<Found>;
}

/** Rules about one part of a value. */
export interface RuleGroup<T> {
  /** Whether the part is there: a start is not kept waiting by rules about what it does not use. */
  readonly when?: (value: T) => unknown;
  readonly rules: readonly Rule<T>[];
}

export interface Findings {
  readonly errors: readonly Finding[];
  readonly warnings: readonly Finding[];
}

/** What the rules find in a value that stands at `prefix` of the file. */
export function applyRules<T>(groups: readonly RuleGroup<T>[], value: T, prefix = ''): Findings {
  const errors: Finding[] = [];
  const warnings: Finding[] = [];
  for (const { when, rules } of groups) {
    if (when !== undefined && !when(value)) continue;
    for (const { code, remedy, level, find } of rules) {
      for (const { path, message } of find(value)) {
        const finding = { code, path: below(prefix, path), message, hint: remedy };
        (level === 'warning' ? warnings : errors).push(finding);
      }
    }
  }
  return { errors, warnings };
}
