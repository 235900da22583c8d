import { BerthError } from '@berth/model/error';
import { badValue, type FlagSpec, type FlagTable, type FlagValues } from './spec.ts';

export interface ParsedLine<F extends FlagTable> {
  readonly flags: FlagValues<F>;
  readonly args: readonly string[];
}

/** Thrown by the parser for `--help`. */
export class HelpWanted extends Error {}

export interface ParseOptions {
  /** The first argument ends the flags: what follows belongs to the container's command. */
  readonly stopAtArgument?: boolean;
}

/**
 * Reads a command line by the rules of docker's flags (POSIX with long names): `--name value`, `--name=value`,
 * `-n value`, `-nvalue`, `-n=value`, booleans combined as in `-it`, `-d=false`; `--` ends the flags.
 * @throws invalid_argument (`bad_flag`), HelpWanted
 */
export function parseLine<F extends FlagTable>(
  words: readonly string[],
  table: F,
  { stopAtArgument = false }: ParseOptions = {},
): ParsedLine<F> {
  const reader = new LineReader(words, table);
  const args: string[] = [];
  for (let word = reader.next(); word !== undefined; word = reader.next()) {
    if (word === '--') {
      args.push(...reader.rest());
    } else if (word.startsWith('--')) {
      reader.long(word);
    } else if (word.startsWith('-') && word !== '-') {
      reader.shorts(word);
    } else {
      args.push(word);
      if (stopAtArgument) args.push(...reader.rest());
    }
  }
  return { flags: reader.values as FlagValues<F>, args };
}

class LineReader {
  readonly values: Record<string, unknown> = {};
  readonly #table: FlagTable;
  readonly #words: readonly string[];
  #at = 0;

  constructor(words: readonly string[], table: FlagTable) {
    this.#words = words;
    this.#table = table;
    for (const [name, spec] of Object.entries(table)) this.values[name] = spec.initial;
  }

  next(): string | undefined {
    return this.#words[this.#at++];
  }

  rest(): readonly string[] {
    const rest = this.#words.slice(this.#at);
    this.#at = this.#words.length;
    return rest;
  }

  long(word: string): void {
    const equals = word.indexOf('=');
    const name = word.slice(2, equals < 0 ? undefined : equals);
    const spec = Object.hasOwn(this.#table, name) ? this.#table[name] : undefined;
    if (spec === undefined) {
      if (name === 'help') throw new HelpWanted();
      throw usageError(`unknown flag: --${name}`);
    }
    if (equals >= 0) this.#set(name, spec, word.slice(equals + 1));
    else if (spec.kind === 'boolean') this.#set(name, spec, 'true');
    else this.#set(name, spec, this.next() ?? missing(`--${name}`));
  }

  shorts(word: string): void {
    for (let at = 1; at < word.length; at++) {
      const letter = word.charAt(at);
      const [name, spec] = this.#byShort(letter, word);
      const rest = word.slice(at + 1);
      if (rest.startsWith('=')) return this.#set(name, spec, rest.slice(1));
      if (spec.kind !== 'boolean') {
        return this.#set(name, spec, rest === '' ? (this.next() ?? missing(`'${letter}' in ${word}`)) : rest);
      }
      this.#set(name, spec, 'true');
    }
  }

  #byShort(letter: string, word: string): readonly [string, FlagSpec<unknown>] {
    const found = Object.entries(this.#table).find(([, { short }]) => short === letter);
    if (found !== undefined) return found;
    // `-h` is help where a command has no flag of that letter (run has: the host name).
    if (letter === 'h') throw new HelpWanted();
    throw usageError(`unknown shorthand flag: '${letter}' in ${word}`);
  }

  #set(name: string, spec: FlagSpec<unknown>, text: string): void {
    let value: unknown;
    try {
      value = spec.parse(text);
    } catch (cause) {
      throw badValue(flagLabel(name, spec), text, cause);
    }
    this.values[name] = spec.kind === 'list' ? [...(this.values[name] as unknown[]), value] : value;
  }
}

/** `-m, --memory` */
export function flagLabel(name: string, { short }: Pick<FlagSpec<unknown>, 'short'>): string {
  return short === undefined ? `--${name}` : `-${short}, --${name}`;
}

function missing(flag: string): never {
  throw usageError(`flag needs an argument: ${flag}`);
}

function usageError(message: string): BerthError {
  return new BerthError('invalid_argument', message, { code: 'bad_flag' });
}
