import { posix } from 'node:path';
import { BerthError } from '@berth/model/error';
import type { ImageRunConfig } from '@berth/model/image-config';
import { splitWords } from './words.ts';

type Change = (config: ImageRunConfig, rest: string) => ImageRunConfig;

const instructions: Readonly<Record<string, Change>> = {
  CMD: (config, rest) => ({ ...config, Cmd: command(rest) }),
  ENTRYPOINT: (config, rest) => ({ ...config, Entrypoint: command(rest) }),
  ENV: (config, rest) => ({ ...config, Env: withVariables(config.Env ?? [], pairs(rest)) }),
  LABEL: (config, rest) => ({ ...config, Labels: { ...config.Labels, ...Object.fromEntries(pairs(rest)) } }),
  EXPOSE: (config, rest) => ({
    ...config,
    ExposedPorts: { ...config.ExposedPorts, ...asKeys(words(rest).flatMap(ports)) },
  }),
  VOLUME: (config, rest) => ({ ...config, Volumes: { ...config.Volumes, ...asKeys(jsonList(rest) ?? words(rest)) } }),
  USER: (config, rest) => ({ ...config, User: oneWord(rest) }),
  WORKDIR: (config, rest) => ({ ...config, WorkingDir: posix.resolve('/', config.WorkingDir ?? '/', rest) }),
  STOPSIGNAL: (config, rest) => ({ ...config, StopSignal: oneWord(rest) }),
};

/**
 * Carries out Dockerfile instructions on an image's defaults, as `docker import --change` and
 * `docker commit --change` do.
 * @throws invalid_argument (`bad_change`) naming the line
 */
export function applyChanges(config: ImageRunConfig, changes: readonly string[]): ImageRunConfig {
  return changes.reduce(applyChange, config);
}

function applyChange(config: ImageRunConfig, line: string): ImageRunConfig {
  const [, word = '', rest = ''] = /^\s*(\S*)\s*([^]*?)\s*$/.exec(line) ?? [];
  const name = word.toUpperCase();
  const change = Object.hasOwn(instructions, name) ? instructions[name] : undefined;
  if (change === undefined) throw bad(line, `'${word}' is not one of ${Object.keys(instructions).join(', ')}`);
  if (rest === '') throw bad(line, `${name} needs an argument`);
  try {
    return change(config, rest);
  } catch (error) {
    if (error instanceof RangeError) throw bad(line, error.message);
    throw error;
  }
}

function bad(line: string, problem: string): BerthError {
  return new BerthError('invalid_argument', `change '${line}': ${problem}`, { code: 'bad_change' });
}

/** A JSON list is the program and its arguments; anything else is for the shell. */
function command(rest: string): readonly string[] {
  return jsonList(rest) ?? ['/bin/sh', '-c', rest];
}

function jsonList(rest: string): readonly string[] | undefined {
  if (!rest.startsWith('[')) return undefined;
  let list: unknown;
  try {
    list = JSON.parse(rest);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  return Array.isArray(list) && list.every((item) => typeof item === 'string') ? list : undefined;
}

function words(rest: string): readonly string[] {
  const found = splitWords(rest);
  if (found === undefined) throw new RangeError('a quote is not closed');
  return found;
}

function oneWord(rest: string): string {
  const [word, more] = words(rest);
  if (word === undefined || more !== undefined) throw new RangeError('exactly one argument is needed');
  return word;
}

/** `KEY=value ...`, or the old form `KEY the rest`. */
function pairs(rest: string): readonly (readonly [string, string])[] {
  const [, key, value] = /^([^\s=]+)\s+([^]*)$/.exec(rest) ?? [];
  if (key !== undefined && value !== undefined) return [[key, value]];
  return words(rest).map((word) => {
    const equals = word.indexOf('=');
    if (equals < 1) throw new RangeError(`'${word}' is not KEY=value`);
    return [word.slice(0, equals), word.slice(equals + 1)] as const;
  });
}

function withVariables(env: readonly string[], added: readonly (readonly [string, string])[]): readonly string[] {
  const all = new Map(env.map((line) => [line.split('=', 1)[0]!, line]));
  for (const [key, value] of added) all.set(key, `${key}=${value}`);
  return [...all.values()];
}

/** `80`, `80/udp`, `8000-8002/tcp`. */
function ports(word: string): readonly string[] {
  const [, first, last = first, protocol = 'tcp'] = /^(\d{1,5})(?:-(\d{1,5}))?(?:\/(tcp|udp|sctp))?$/i.exec(word) ?? [];
  const from = Number(first);
  const to = Number(last);
  if (!(from >= 1 && to >= from && to <= 65_535)) throw new RangeError(`'${word}' is not a port`);
  return Array.from({ length: to - from + 1 }, (_, n) => `${from + n}/${protocol.toLowerCase()}`);
}

function asKeys(keys: readonly string[]): Readonly<Record<string, object>> {
  return Object.fromEntries(keys.map((key) => [key, {}]));
}
