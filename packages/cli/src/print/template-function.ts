import { goText, isTrue } from './go-value.ts';

type TemplateFunction = (...args: readonly unknown[]) => unknown;

/** Functions of Go's templates and of docker's, by name. They throw plain errors; the caller names the function. */
export const templateFunctions: Readonly<Record<string, TemplateFunction>> = {
  json: (value) => JSON.stringify(value),
  join: (list, separator) => strings(list).join(text(separator)),
  split: (value, separator) => text(value).split(text(separator)),
  lower: (value) => text(value).toLowerCase(),
  upper: (value) => text(value).toUpperCase(),
  title: (value) => text(value).replace(/\b\w/g, (letter) => letter.toUpperCase()),
  pad: (value, before, after) => ' '.repeat(Number(before)) + text(value) + ' '.repeat(Number(after)),
  truncate: (value, length) => Array.from(text(value)).slice(0, Number(length)).join(''),
  len: (value) => (typeof value === 'string' ? value.length : Object.keys(value as object).length),
  index: (value, ...keys) => keys.reduce(at, value),
  slice: (value, from = 0, to) =>
    (value as string | unknown[]).slice(Number(from), to === undefined ? undefined : Number(to)),
  print: (...args) => args.map(goText).join(' '),
  println: (...args) => `${args.map(goText).join(' ')}\n`,
  printf: (format, ...args) => printf(text(format), args),
  not: (value) => !isTrue(value),
  and: (...args) => args.find((value) => !isTrue(value)) ?? args.at(-1),
  or: (...args) => args.find(isTrue) ?? args.at(-1),
  eq: (first, ...others) => others.some((other) => other === first),
  ne: (first, second) => first !== second,
  lt: (first, second) => (first as number) < (second as number),
  le: (first, second) => (first as number) <= (second as number),
  gt: (first, second) => (first as number) > (second as number),
  ge: (first, second) => (first as number) >= (second as number),
};

function text(value: unknown): string {
  return typeof value === 'string' ? value : goText(value);
}

function strings(value: unknown): string[] {
  if (value === null || value === undefined) return [];
  if (Array.isArray(value)) return value.map(text);
  throw new Error('expected a list');
}

/** An element of a list or a map; Go gives the empty value for a key that a map has not. */
function at(value: unknown, key: unknown): unknown {
  if (Array.isArray(value)) {
    if (!(Number(key) in value)) throw new Error(`index out of range: ${text(key)}`);
    return value[Number(key)];
  }
  if (typeof value !== 'object' || value === null) throw new Error(`cannot index ${goText(value)}`);
  return Object.hasOwn(value, text(key)) ? (value as Readonly<Record<string, unknown>>)[text(key)] : '';
}

/** %s, %v, %d, %q, %t with width; %% is a percent sign. */
function printf(format: string, args: readonly unknown[]): string {
  let next = 0;
  return format.replace(/%(-?\d*)(?:\.\d+)?([svdqt%])/g, (_, width: string, verb: string) => {
    if (verb === '%') return '%';
    const value = args[next++];
    const shown = verb === 'q' ? JSON.stringify(value) : goText(value);
    const size = Math.abs(Number(width));
    return width.startsWith('-') ? shown.padEnd(size) : shown.padStart(size);
  });
}
