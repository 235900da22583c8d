import { BerthError, type ErrorKind } from '@berth/model/error';
import type { ProgramEnd } from '../program.ts';

export type CniVerb = 'ADD' | 'DEL' | 'CHECK' | 'STATUS' | 'GC';

/** A result (CNI SPEC.md, section 5), kept as the plugin gave it. */
export type CniResult = Readonly<Record<string, unknown>>;

/** SPEC.md, "Error": what a caller does better than to give up. */
const kinds: Readonly<Record<number, ErrorKind>> = {
  // Try again later.
  11: 'unavailable',
  // Of STATUS: no ADD can be served now; those that are there have limited connectivity.
  50: 'unavailable',
  51: 'unavailable',
};

/** The plugin's result; undefined when it said nothing. @throws unavailable or internal (`network_plugin_failed`) with its words */
export function readAnswer(type: string, verb: CniVerb, end: ProgramEnd): CniResult | undefined {
  const said = readObject(end.stdout);
  if (end.code !== 0) throw failure(type, verb, end, said);
  if (end.stdout === '') return undefined;
  if (said === undefined && verb === 'ADD') {
    throw pluginFailed(
      'internal',
      `network plugin ${type} (${verb}): its result is not JSON: ${end.stdout.slice(0, 200)}`,
    );
  }
  return said;
}

function failure(type: string, verb: CniVerb, end: ProgramEnd, said: CniResult | undefined): BerthError {
  const { code, msg, details } = said ?? {};
  const words = [msg, details].filter((one) => typeof one === 'string' && one !== '').join('; ');
  const rest = end.stderr === '' ? end.stdout.slice(0, 1000) : end.stderr.slice(0, 1000);
  const text = words === '' ? `ended with ${end.code}${rest === '' ? '' : `: ${rest}`}` : words;
  return pluginFailed(kinds[Number(code)] ?? 'internal', `network plugin ${type} (${verb}): ${text}`);
}

function readObject(text: string): CniResult | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as CniResult) : undefined;
  } catch {
    return undefined;
  }
}

export function pluginFailed(kind: ErrorKind, message: string, hint?: string): BerthError {
  return new BerthError(kind, message, { code: 'network_plugin_failed', ...(hint === undefined ? {} : { hint }) });
}
