import type { Integer64 } from '@berth/model/runtime-spec';
import { member } from '../finding.ts';
import type { Finding } from '../finding.ts';
import { shapeCodes } from './code.ts';
import type { ShapeCode } from './code.ts';
import type { Words } from './words.ts';

/** Collects what is wrong while a value is walked. */
export class Report {
  readonly findings: Finding[] = [];
  /** Where the walk is. Spelled out only for what is wrong: a filter alone has hundreds of places. */
  readonly #keys: (string | number)[] = [];

  /** What a guard makes of a member. */
  within<T>(key: string | number, guard: Guard<T>, value: unknown): T | undefined {
    this.#keys.push(key);
    const clean = guard(value, this);
    this.#keys.pop();
    return clean;
  }

  /** Something is wrong with the value where the walk is, or with a member of it. */
  add(finding: Omit<Finding, 'path'>, key?: string): undefined {
    const keys = key === undefined ? this.#keys : [...this.#keys, key];
    this.findings.push({ ...finding, path: keys.reduce<string>(member, '') });
    return undefined;
  }
}

/**
 * Checks a value from JSON and returns it, cleaned: members that are null are left out, as all tools written in Go
 * understand them. What is wrong goes to the report, and then the result means nothing.
 */
export type Guard<T> = (value: unknown, report: Report) => T | undefined;

/** A guard for every member of T: the compiler sees to it that none is forgotten. */
export type Fields<T> = { readonly [K in keyof T]-?: Guard<NonNullable<T[K]>> };

export interface ObjectOptions<T> {
  readonly required?: readonly (keyof T & string)[];
  /** What absent members become. */
  readonly defaults?: Partial<T>;
}

/** An object with these members; others are kept unseen, as the spec demands of unknown ones. */
export function object<T extends object>(fields: Fields<T>, options: ObjectOptions<T> = {}): Guard<T> {
  const guards = new Map<string, Guard<unknown>>(Object.entries(fields));
  const { required = [], defaults = {} } = options;
  return (value, report) => {
    if (!isObject(value)) return wrong(report, 'spec.type', `must be an object, not ${kindOf(value)}`);
    const clean: Record<string, unknown> = { ...defaults };
    for (const [key, each] of Object.entries(value)) {
      const guard = guards.get(key);
      if (guard === undefined) keep(clean, key, each);
      else if (each !== null && each !== undefined) {
        const found = report.within(key, guard, each);
        if (found !== undefined) clean[key] = found;
      }
    }
    for (const key of required) {
      const given = Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined;
      if (given === undefined || given === null) wrong(report, 'spec.required', 'must be given', key);
    }
    return clean as T;
  };
}

/** A member without a guard, as an own one whatever its name: plainly set, `__proto__` would be something else. */
function keep(clean: Record<string, unknown>, key: string, value: unknown): void {
  if (key !== '__proto__') clean[key] = value;
  else Object.defineProperty(clean, key, { value, enumerable: true, configurable: true, writable: true });
}

export function list<T>(item: Guard<T>, options: { readonly filled?: boolean } = {}): Guard<readonly T[]> {
  return (value, report) => {
    if (!Array.isArray(value)) return wrong(report, 'spec.type', `must be a list, not ${kindOf(value)}`);
    if (options.filled && value.length === 0) return wrong(report, 'spec.empty', 'must not be empty');
    return value.map((each, index) => report.within(index, item, each) as T);
  };
}

/** An object whose keys are the user's own names. */
export function map<T>(item: Guard<T>): Guard<Readonly<Record<string, T>>> {
  return (value, report) => {
    if (!isObject(value)) return wrong(report, 'spec.type', `must be an object, not ${kindOf(value)}`);
    const entries = Object.entries(value).map(([key, each]) => {
      if (key === '') wrong(report, 'spec.empty', 'a key must not be empty', key);
      return [key, report.within(key, item, each)];
    });
    // fromEntries makes own members of everything, `__proto__` too.
    return Object.fromEntries(entries) as Record<string, T>;
  };
}

export const bool: Guard<boolean> = (value, report) =>
  typeof value === 'boolean' ? value : wrong(report, 'spec.type', `must be true or false, not ${kindOf(value)}`);

/** Any text, for what the kernel never sees. */
export const freeText: Guard<string> = (value, report) =>
  typeof value === 'string' ? value : wrong(report, 'spec.type', `must be a text, not ${kindOf(value)}`);

/** A text that ends up in a system call: a NUL byte would cut it off there. */
export const text: Guard<string> = (value, report) => {
  const found = freeText(value, report);
  return found?.includes('\0') ? wrong(report, 'spec.nul', 'contains a NUL byte') : found;
};

/** A text for which empty means absent, as for all tools written in Go. */
export const optionalText: Guard<string> = (value, report) => text(value, report) || undefined;

/** A whole number in a range of numbers that JavaScript holds exactly. */
export function integer(least: number, most: number): Guard<number> {
  return (value, report) => {
    const number = wholeNumber(value, report);
    if (number === undefined) return undefined;
    if (number >= least && number <= most) return Number(number);
    return wrong(report, 'spec.range', `must be from ${least} to ${most}, not ${number}`);
  };
}

function integer64(least: bigint, most: bigint): Guard<Integer64> {
  return (value, report) => {
    const number = wholeNumber(value, report);
    if (number === undefined) return undefined;
    if (number < least || number > most) {
      return wrong(report, 'spec.range', `must be from ${least} to ${most}, not ${number}`);
    }
    return Number.isSafeInteger(Number(number)) ? Number(number) : BigInt(number);
  };
}

export const int32 = integer(-(2 ** 31), 2 ** 31 - 1);
export const uint16 = integer(0, 0xffff);
export const uint32 = integer(0, 0xffff_ffff);
/** 64 bits in the schema, but where no kernel takes more than 53. */
export const int53 = integer(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
export const uint53 = integer(0, Number.MAX_SAFE_INTEGER);
export const int64 = integer64(-(2n ** 63n), 2n ** 63n - 1n);
export const uint64 = integer64(0n, 2n ** 64n - 1n);

export function oneOf<W extends string>({ code, hint, names }: Words<W>): Guard<W> {
  return (value, report) => {
    if (typeof value !== 'string') {
      return wrong(report, 'spec.type', `must be a text, not ${kindOf(value)}`);
    }
    if ((names as readonly string[]).includes(value)) return value as W;
    const what = code.slice('spec.unknown_'.length).replaceAll('_', ' ');
    return report.add({ code, message: `unknown ${what} '${value}'`, hint });
  };
}

/** Another form of what a guard let through. */
export function mapped<A, B>(guard: Guard<A>, change: (value: A) => B | undefined): Guard<B> {
  return (value, report) => {
    const clean = guard(value, report);
    return clean === undefined ? undefined : change(clean);
  };
}

function wholeNumber(value: unknown, report: Report): Integer64 | undefined {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number' && Number.isInteger(value)) return value;
  return wrong(report, 'spec.type', `must be a whole number, not ${typeof value === 'number' ? value : kindOf(value)}`);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  const kinds: Readonly<Record<string, string>> = { object: 'an object', string: 'a text', boolean: 'a boolean' };
  return kinds[typeof value] ?? (value === undefined ? 'nothing' : 'a number');
}

function wrong(report: Report, code: ShapeCode, message: string, key?: string): undefined {
  return report.add({ code, message, hint: shapeCodes[code].remedy }, key);
}
