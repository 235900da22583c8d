import { BerthError } from '@berth/model/error';
import * as v from 'valibot';
import type { HttpRequest } from '../http/route.ts';

/** The request's JSON body, checked. @throws invalid_argument naming the field */
export async function readBody<S extends v.GenericSchema>(request: HttpRequest, schema: S): Promise<v.InferOutput<S>> {
  const result = v.safeParse(schema, await request.json());
  if (result.success) return result.output;
  const issue = result.issues[0];
  throw new BerthError('invalid_argument', `${v.getDotPath(issue) ?? 'body'}: ${issue.message}`, { code: 'bad_field' });
}

/** `1` and `true` are true. */
export function flag(request: HttpRequest, name: string): boolean {
  const value = request.query.get(name);
  return value === '1' || value === 'true';
}

/** A whole number of the query, undefined when absent. @throws invalid_argument */
export function wholeNumber(request: HttpRequest, name: string): number | undefined {
  const text = request.query.get(name);
  if (text === null || text === '') return undefined;
  const value = Number(text);
  if (Number.isSafeInteger(value)) return value;
  throw new BerthError('invalid_argument', `${name} must be a whole number, not '${text}'`, { code: 'bad_field' });
}

/** A terminal's size, undefined when the query has none. @throws invalid_argument */
export function terminalSize(request: HttpRequest): { rows: number; columns: number } | undefined {
  const rows = wholeNumber(request, 'rows');
  const columns = wholeNumber(request, 'columns');
  if (rows === undefined && columns === undefined) return undefined;
  if (isSide(rows) && isSide(columns)) return { rows, columns };
  throw new BerthError('invalid_argument', `a terminal has 1 to 65535 rows and columns, not ${rows} and ${columns}`);
}

function isSide(value: number | undefined): value is number {
  return value !== undefined && value > 0 && value < 65536;
}

/** @throws invalid_argument when it is absent */
export function required(request: HttpRequest, name: string): string {
  const value = request.query.get(name);
  if (value !== null && value !== '') return value;
  throw new BerthError('invalid_argument', `${name} is missing from the query`, { code: 'bad_field' });
}

/** Nanoseconds since 1970, in decimal, as RFC 3339; empty for '0'. */
export function rfc3339(nanoseconds: string): string {
  if (nanoseconds === '0' || nanoseconds === '') return '';
  const value = BigInt(nanoseconds);
  const seconds = new Date(Number(value / 1_000_000_000n) * 1000).toISOString().slice(0, 19);
  return `${seconds}.${String(value % 1_000_000_000n).padStart(9, '0')}Z`;
}
