import { BerthError } from '@berth/model/error';

/**
 * Fields of a request. Each has its path in the message, in the words of the .proto file (`config.metadata.name`),
 * and whatever is wrong with it is told with that.
 */
export function badField(path: string, problem: string, hint?: string): BerthError {
  return new BerthError('invalid_argument', `${path} ${problem}`, {
    code: 'bad_field',
    ...(hint === undefined ? {} : { hint }),
  });
}

/** @throws invalid_argument when the message is absent */
export function required<T>(value: T | undefined, path: string): T {
  if (value === undefined) throw badField(path, 'is missing');
  return value;
}

/** @throws invalid_argument when it is empty, or has a NUL, which no name, path or argument of Linux can hold */
export function requiredText(value: string, path: string): string {
  if (value === '') throw badField(path, 'is missing');
  return text(value, path);
}

/** @throws invalid_argument for a NUL */
export function text(value: string, path: string): string {
  if (value.includes('\0')) throw badField(path, 'holds a NUL');
  return value;
}

export function texts(values: readonly string[], path: string): readonly string[] {
  return values.map((value, at) => text(value, `${path}[${at}]`));
}

export interface Bounds {
  readonly least: number;
  readonly most?: number;
}

/** A 64-bit number as a plain one. @throws invalid_argument outside of the bounds, or above 2^53 - 1 */
export function wholeNumber(value: bigint | number, path: string, bounds: Bounds = { least: 0 }): number {
  const number = Number(value);
  const { least, most = Number.MAX_SAFE_INTEGER } = bounds;
  if (number < least) throw badField(path, `is ${value}, and must be ${least} or more`);
  if (number > most) throw badField(path, `is ${value}, and must be ${most} or less`);
  return number;
}

/** What a value of an enum means. @throws invalid_argument for a value that the protocol does not have (proto3 passes them on) */
export function choice<T>(value: number, meanings: Readonly<Record<number, T>>, path: string): T {
  const meaning = meanings[value];
  if (meaning === undefined) throw badField(path, `is ${value}, which is none of ${Object.keys(meanings).join(', ')}`);
  return meaning;
}
