import type { Integer64 } from '@berth/model/runtime-spec';
import { member } from '../finding.ts';
import type { Finding } from '../finding.ts';
import { shapeCodes } from './code.ts';
import type { ShapeCode } from './code.ts';
import type { Words } from './words.ts';

/** Collects what is wrong while a value is walked. */
export type Report = Finding[];

/**
 * Checks a value from JSON and returns it, cleaned: members that are null are left out, as all tools written in Go
 * understand them. What is wrong goes to the report, and then the result means nothing.
 */
export type Guard<T> = (value: unknown, path: string, report: Report) => T | undefined;

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
  return (value, path, report) => {
    if (!isObject(value)) return wrong(report, 'spec.type', path, `must be an object, not ${kindOf(value)}`);
    const entries = Object.entries(value).flatMap(([key, each]): [string, unknown][] => {
      const guard = guards.get(key);
      if (guard === undefined) return [[key, each]];
      if (each === null || each === undefined) return [];
      const clean = guard(each, member(path, key), report);
      return clean === undefined ? [] : [[key, clean]];
    });
    const missing = required.filter((key) => !Object.hasOwn(value, key) || (Reflect.get(value, key) ?? null) === null);
    for (const key of missing) wrong(report, 'spec.required', member(path, key), 'must be given');
    // fromEntries makes own members of everything, `__proto__` too.
    return Object.fromEntries([...Object.entries(defaults), ...entries]) as T;
  };
}

export function list<T>(item: Guard<T>, options: { readonly filled?: boolean } = {}): Guard<readonly T[]> {
  return (value, path, report) => {
    if (!Array.isArray(value)) return wrong(report, 'spec.type', path, `must be a list, not ${kindOf(value)}`);
    if (options.filled && value.length === 0) return wrong(report, 'spec.empty', path, 'must not be empty');
    return value.map((each, index) => item(each, member(path, index), report) as T);
  };
}

/** An object whose keys are the user's own names. */
export function map<T>(item: Guard<T>): Guard<Readonly<Record<string, T>>> {
  return (value, path, report) => {
    if (!isObject(value)) return wrong(report, 'spec.type', path, `must be an object, not ${kindOf(value)}`);
    const entries = Object.entries(value).map(([key, each]) => {
      if (key === '') wrong(report, 'spec.empty', member(path, key), 'a key must not be empty');
      return [key, item(each, member(path, key), report)];
    });
    return Object.fromEntries(entries) as Record<string, T>;
  };
}

export const bool: Guard<boolean> = (value, path, report) =>
  typeof value === 'boolean' ? value : wrong(report, 'spec.type', path, `must be true or false, not ${kindOf(value)}`);

/** Any text, for what the kernel never sees. */
export const freeText: Guard<string> = (value, path, report) =>
  typeof value === 'string' ? value : wrong(report, 'spec.type', path, `must be a text, not ${kindOf(value)}`);

/** A text that ends up in a system call: a NUL byte would cut it off there. */
export const text: Guard<string> = (value, path, report) => {
  const found = freeText(value, path, report);
  return found?.includes('\0') ? wrong(report, 'spec.nul', path, 'contains a NUL byte') : found;
};

/** A text for which empty means absent, as for all tools written in Go. */
export const optionalText: Guard<string> = (value, path, report) => text(value, path, report) || undefined;

/** A whole number in a range of numbers that JavaScript holds exactly. */
export function integer(least: number, most: number): Guard<number> {
  return (value, path, report) => {
    const number = wholeNumber(value, path, report);
    if (number === undefined) return undefined;
    if (number >= least && number <= most) return Number(number);
    return wrong(report, 'spec.range', path, `must be from ${least} to ${most}, not ${number}`);
  };
}

function integer64(least: bigint, most: bigint): Guard<Integer64> {
  return (value, path, report) => {
    const number = wholeNumber(value, path, report);
    if (number === undefined) return undefined;
    if (number < least || number > most) {
      return wrong(report, 'spec.range', path, `must be from ${least} to ${most}, not ${number}`);
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
  return (value, path, report) => {
    if (typeof value !== 'string') {
      return wrong(report, 'spec.type', path, `must be a text, not ${kindOf(value)}`);
    }
    if ((names as readonly string[]).includes(value)) return value as W;
    report.push({
      code,
      path,
      message: `unknown ${code.slice('spec.unknown_'.length).replaceAll('_', ' ')} '${value}'`,
      hint,
    });
    return undefined;
  };
}

/** Another form of what a guard let through. */
export function mapped<A, B>(guard: Guard<A>, change: (value: A) => B | undefined): Guard<B> {
  return (value, path, report) => {
    const clean = guard(value, path, report);
    return clean === undefined ? undefined : change(clean);
  };
}

function wholeNumber(value: unknown, path: string, report: Report): Integer64 | undefined {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number' && Number.isInteger(value)) return value;
  return wrong(
    report,
    'spec.type',
    path,
    `must be a whole number, not ${typeof value === 'number' ? value : kindOf(value)}`,
  );
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

function wrong(report: Report, code: ShapeCode, path: string, message: string): undefined {
  report.push({ code, path, message, hint: shapeCodes[code].remedy });
  return undefined;
}
