import { BerthError } from '@berth/model/error';

/** One thing that is wrong with a spec, or odd about it. */
export interface Finding {
  /** Stable, one for each rule: `spec.hostname_without_uts`. All are in docs/spec-errors.md. */
  readonly code: string;
  /** Where in the file, as jq would say it without the first dot: `linux.resources.memory.limit`, `mounts[3].source`. */
  readonly path: string;
  /** What is wrong there; does not repeat the path. */
  readonly message: string;
  /** What to change. */
  readonly hint?: string;
}

/** What a rule found: its code and hint are the rule's own. */
export type Found = Pick<Finding, 'path' | 'message'>;

/** A finding for a rule to yield. */
export function at(path: string, message: string): Found {
  return { path, message };
}

/** The path of a member below another: `linux` and `sysctl` are `linux.sysctl`, odd keys are quoted. */
export function member(path: string, key: string | number): string {
  if (typeof key === 'number') return `${path}[${key}]`;
  if (!/^[A-Za-z_]\w*$/.test(key)) return `${path}[${JSON.stringify(key)}]`;
  return path === '' ? key : `${path}.${key}`;
}

/** A path that a rule gave, seen from the whole file. */
export function below(prefix: string, path: string): string {
  if (prefix === '' || path === '') return prefix + path;
  return path.startsWith('[') ? prefix + path : `${prefix}.${path}`;
}

/**
 * A spec, process or resources that cannot be used: `invalid_argument` with the code and hint of the first finding.
 * The message shows the first and how many more there are; `findings` has them all, never none.
 */
export class SpecError extends BerthError {
  readonly findings: readonly Finding[];

  constructor(findings: readonly Finding[]) {
    const [first] = findings;
    if (first === undefined) throw new TypeError('a SpecError needs a finding');
    const more = findings.length > 1 ? ` (and ${findings.length - 1} more)` : '';
    super('invalid_argument', `${spell(first)}${more}`, {
      code: first.code,
      ...(first.hint === undefined ? {} : { hint: first.hint }),
    });
    this.name = 'SpecError';
    this.findings = findings;
  }
}

/** A finding as one line: `mounts[0].type: a mount needs a type`. */
export function spell({ path, message }: Finding): string {
  return `${path === '' ? 'spec' : path}: ${message}`;
}
