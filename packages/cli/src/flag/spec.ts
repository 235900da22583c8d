import { BerthError, asError } from '@berth/model/error';

/** One flag of a command. The long name is its key in the table. */
export interface FlagSpec<T> {
  /** A boolean needs no value; a list gathers every use. */
  readonly kind: 'boolean' | 'one' | 'list';
  readonly short: string | undefined;
  readonly help: string;
  /** What `--help` shows for the value. */
  readonly placeholder: string;
  readonly initial: T;
  /** One use of the flag. @throws BerthError */
  readonly parse: (text: string) => unknown;
  /** Understood, but not shown in `--help`. */
  readonly hidden: boolean;
}

export type FlagTable = Readonly<Record<string, FlagSpec<unknown>>>;

/** What the parser gives for a table. */
export type FlagValues<F extends FlagTable> = { readonly [K in keyof F]: F[K] extends FlagSpec<infer T> ? T : never };

export interface FlagOptions {
  readonly short?: string;
  readonly placeholder?: string;
  readonly hidden?: boolean;
}

/** `--name`, `--name=false`. */
export function switchFlag(
  help: string,
  options: FlagOptions & { readonly initial?: boolean } = {},
): FlagSpec<boolean> {
  return { ...base(help, options, ''), kind: 'boolean', initial: options.initial ?? false, parse: parseBoolean };
}

/** `--name TEXT`; the last use wins. */
export function textFlag(help: string, options: FlagOptions = {}): FlagSpec<string | undefined> {
  return { ...base(help, options, 'string'), kind: 'one', initial: undefined, parse: (text) => text };
}

/** `--name 5` */
export function numberFlag(help: string, options: FlagOptions = {}): FlagSpec<number | undefined> {
  return { ...base(help, options, 'int'), kind: 'one', initial: undefined, parse: parseWholeNumber };
}

/** `--name VALUE` through a parser of its own. */
export function valueFlag<T>(
  help: string,
  parse: (text: string) => T,
  options: FlagOptions = {},
): FlagSpec<T | undefined> {
  return { ...base(help, options, 'string'), kind: 'one', initial: undefined, parse };
}

/** May be repeated. */
export function listFlag(help: string, options?: FlagOptions): FlagSpec<readonly string[]>;
export function listFlag<T>(help: string, options: FlagOptions, parse: (text: string) => T): FlagSpec<readonly T[]>;
export function listFlag(
  help: string,
  options: FlagOptions = {},
  parse: (text: string) => unknown = (text) => text,
): FlagSpec<readonly unknown[]> {
  return { ...base(help, options, 'list'), kind: 'list', initial: [], parse };
}

function base(help: string, { short, placeholder, hidden }: FlagOptions, type: string) {
  return { help, short, placeholder: placeholder ?? type, hidden: hidden ?? false };
}

/** The words that Go's flag parsers take for a truth value, because docker's users write them. */
export function parseBoolean(text: string): boolean {
  if (['1', 't', 'T', 'true', 'TRUE', 'True'].includes(text)) return true;
  if (['0', 'f', 'F', 'false', 'FALSE', 'False'].includes(text)) return false;
  throw new BerthError('invalid_argument', `'${text}' is neither true nor false`);
}

export function parseWholeNumber(text: string): number {
  const value = Number(text);
  if (/^[+-]?\d+$/.test(text) && Number.isSafeInteger(value)) return value;
  throw new BerthError('invalid_argument', `'${text}' is not a whole number`);
}

/** A value that a flag cannot take, in the words users of docker know. */
export function badValue(label: string, text: string, cause: unknown): BerthError {
  const { message } = asError(cause);
  const hint = cause instanceof BerthError && cause.hint !== undefined ? { hint: cause.hint } : {};
  return new BerthError('invalid_argument', `invalid argument "${text}" for "${label}" flag: ${message}`, {
    code: 'bad_flag',
    ...hint,
    cause,
  });
}
