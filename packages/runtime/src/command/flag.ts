import { BerthError } from '@berth/model/error';

/** One flag of the command or of a verb, by its long name. */
export interface FlagSpec {
  readonly kind: 'switch' | 'text' | 'list' | 'integer';
  /** One letter, `-b`. */
  readonly short?: string;
  readonly help: string;
  /** What the value is without the flag; `''`, `0` and `false` when absent. */
  readonly initial?: string | number | boolean;
  /** Taken for the sake of old callers, and told nobody. */
  readonly hidden?: boolean;
}

export type FlagTable = Readonly<Record<string, FlagSpec>>;

/** The value by its kind. */
type FlagValue<S extends FlagSpec> = S['kind'] extends 'switch'
  ? boolean
  : S['kind'] extends 'integer'
    ? number
    : S['kind'] extends 'list'
      ? readonly string[]
      : string;

export type FlagValues<F extends FlagTable> = { readonly [N in keyof F]: FlagValue<F[N]> };

type FlagDetails = Omit<FlagSpec, 'kind' | 'help'>;

export function switchFlag(help: string, more: FlagDetails = {}) {
  return { ...more, kind: 'switch', help } as const;
}

export function textFlag(help: string, more: FlagDetails = {}) {
  return { ...more, kind: 'text', help } as const;
}

export function listFlag(help: string, more: FlagDetails = {}) {
  return { ...more, kind: 'list', help } as const;
}

export function integerFlag(help: string, more: FlagDetails = {}) {
  return { ...more, kind: 'integer', help } as const;
}

export interface ParsedLine<F extends FlagTable> {
  readonly flags: FlagValues<F>;
  readonly args: readonly string[];
  /** Names of the flags that were given, so that 0 can be told from absent. */
  readonly given: ReadonlySet<string>;
  readonly help: boolean;
}

export interface ParseOptions {
  /** The first word that is no flag ends the flags: what follows is somebody else's command line. */
  readonly stopAtArgument?: boolean;
}

/**
 * A command line as runc's clients write it: one dash or two, `--flag value` and `--flag=value`, flags behind
 * arguments too unless told otherwise, `--` ends them.
 * @throws invalid_argument (`bad_flag`)
 */
export function parseLine<F extends FlagTable>(
  words: readonly string[],
  table: F,
  { stopAtArgument = false }: ParseOptions = {},
): ParsedLine<F> {
  const values = new Map<string, unknown>(Object.entries(table).map(([name, spec]) => [name, initialOf(spec)]));
  const given = new Set<string>();
  const args: string[] = [];
  let help = false;
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at]!;
    if (word === '--') {
      args.push(...words.slice(at + 1));
      break;
    }
    const match = /^--?([^-=][^=]*)(?:=(.*))?$/s.exec(word);
    if (match === null) {
      args.push(word);
      if (!stopAtArgument) continue;
      args.push(...words.slice(at + 1));
      break;
    }
    if (['help', 'h'].includes(match[1]!)) {
      help = true;
      continue;
    }
    const [name, spec] = find(table, match[1]!);
    let text = match[2];
    if (text === undefined && spec.kind !== 'switch') {
      at += 1;
      text = words[at];
      if (text === undefined) throw bad(`flag needs an argument: -${match[1]}`);
    }
    values.set(name, valueOf(spec, { name: match[1]!, text: text ?? 'true', before: values.get(name) }));
    given.add(name);
  }
  return { flags: Object.fromEntries(values) as FlagValues<F>, args, given, help };
}

function initialOf({ kind, initial }: FlagSpec): unknown {
  if (initial !== undefined) return initial;
  return { switch: false, text: '', list: [], integer: 0 }[kind];
}

function find(table: FlagTable, word: string): [string, FlagSpec] {
  const found = Object.entries(table).find(([name, { short }]) => name === word || short === word);
  if (found === undefined) throw bad(`flag provided but not defined: -${word}`);
  return found;
}

interface Given {
  readonly name: string;
  readonly text: string;
  readonly before: unknown;
}

/** What Go's strconv takes as a truth value, because that is what clients were written against. */
const truths: Readonly<Record<string, boolean>> = {
  ...Object.fromEntries(['1', 't', 'T', 'true', 'TRUE', 'True'].map((word) => [word, true])),
  ...Object.fromEntries(['0', 'f', 'F', 'false', 'FALSE', 'False'].map((word) => [word, false])),
};

function valueOf({ kind }: FlagSpec, { name, text, before }: Given): unknown {
  if (kind === 'text') return text;
  if (kind === 'list') return [...(before as readonly string[]), text];
  const value = kind === 'switch' ? truths[text] : integerOf(text);
  if (value === undefined) throw bad(`invalid value "${text}" for flag -${name}`);
  return value;
}

function integerOf(text: string): number | undefined {
  return /^[-+]?\d+$/.test(text) && Number.isSafeInteger(Number(text)) ? Number(text) : undefined;
}

function bad(message: string): BerthError {
  return new BerthError('invalid_argument', message, { code: 'bad_flag' });
}
