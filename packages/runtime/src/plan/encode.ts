import { BerthError } from '@berth/model/error';
import { layout, type RecordKind } from './layout.ts';
import type { Plan, PlanRecord } from './record.ts';
import { binaryFields, limits, listFields, runsOn } from './shape.ts';

const planHeader = 16;
const recordHeader = 16;
const text = new TextEncoder();

/**
 * A plan in its wire form (docs/plan.md). Fails with `invalid_argument` for a field that is missing,
 * a number beyond 64 bits, text with a NUL in it, a kind on the wrong track, and a plan that is too
 * large: everything that the native decoder would refuse without being able to say why.
 */
export function encodePlan(plan: Plan): Uint8Array {
  if (plan.records.length > limits.records) {
    throw invalid(`a plan has at most ${limits.records} records, this one ${plan.records.length}`);
  }
  const records = plan.records.map((record, index) => encodeRecord(record, index));
  const size = records.reduce((sum, bytes) => sum + bytes.length, planHeader);
  if (size > limits.bytes) throw invalid(`a plan has at most ${limits.bytes} bytes, this one ${size}`);
  const encoded = new Uint8Array(size);
  const view = new DataView(encoded.buffer);
  encoded.set(text.encode('BPLN'), 0);
  view.setUint16(4, 1, true);
  view.setUint32(8, size, true);
  view.setUint32(12, records.length, true);
  let at = planHeader;
  for (const bytes of records) {
    encoded.set(bytes, at);
    at += bytes.length;
  }
  return encoded;
}

/** Items of a list field (`argv`, `env`, `options`, `candidates`) as that field's value. */
export function encodeList(items: readonly string[]): string {
  return items.map((item) => `${item}\0`).join('');
}

/** User or group ids as the value of a `gids` field. */
export function encodeIds(ids: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(ids.length * 4);
  const view = new DataView(bytes.buffer);
  ids.forEach((id, index) => view.setUint32(index * 4, id, true));
  return bytes;
}

function encodeRecord(record: PlanRecord, index: number): Uint8Array {
  const shape = layout[record.kind];
  const where = `record ${index} (${record.kind})`;
  if (!runsOn(record.kind, record.track)) throw invalid(`${where} cannot be on the ${record.track} track`);
  const values = record as unknown as Record<string, unknown>;
  const numbers = shape.numbers.map((field) => numberOf(values[field], `${where}: ${field}`));
  const strings = shape.strings.map((field) => stringOf(field, values[field], where));
  const lengthsAt = recordHeader + 8 * numbers.length;
  const stringsAt = align8(lengthsAt + 4 * strings.length);
  const size = align8(strings.reduce((sum, bytes) => sum + bytes.length + 1, stringsAt));
  const encoded = new Uint8Array(size);
  const view = new DataView(encoded.buffer);
  writeHeader(view, record, size);
  numbers.forEach((number, i) => view.setBigUint64(recordHeader + 8 * i, number, true));
  let at = stringsAt;
  strings.forEach((bytes, i) => {
    view.setUint32(lengthsAt + 4 * i, bytes.length, true);
    encoded.set(bytes, at);
    at += bytes.length + 1;
  });
  return encoded;
}

function writeHeader(view: DataView, record: PlanRecord, size: number): void {
  const shape = layout[record.kind];
  view.setUint16(0, shape.code, true);
  view.setUint8(2, record.track === 'container' ? 1 : 0);
  // Compared with true, because rlimit has a number of the same name.
  view.setUint8(3, (record.soft === true ? 1 : 0) | (record.inject === true ? 2 : 0));
  view.setUint32(4, size, true);
  view.setUint16(8, shape.numbers.length, true);
  view.setUint16(10, shape.strings.length, true);
}

function numberOf(value: unknown, where: string): bigint {
  const whole = typeof value === 'bigint' || Number.isSafeInteger(value);
  if (!whole) throw invalid(`${where} is ${String(value)}, not a whole number`);
  const number = BigInt(value as number | bigint);
  if (number >= 1n << 64n || number < -(1n << 63n)) throw invalid(`${where} is ${number}, beyond 64 bits`);
  return BigInt.asUintN(64, number);
}

function stringOf(field: string, value: unknown, where: string): Uint8Array {
  const bytes = typeof value === 'string' ? text.encode(value) : value;
  if (!(bytes instanceof Uint8Array)) throw invalid(`${where}: ${field} is missing`);
  const item = binaryFields[field];
  if (item !== undefined) {
    if (bytes.length % item !== 0) throw invalid(`${where}: ${field} is not a row of ${item} byte items`);
  } else if (listFields.includes(field)) {
    if (bytes.length > 0 && bytes.at(-1) !== 0) throw invalid(`${where}: ${field} has an item without its NUL`);
  } else if (bytes.includes(0)) {
    throw invalid(`${where}: ${field} has a NUL in it`);
  }
  return bytes;
}

function align8(size: number): number {
  return (size + 7) & ~7;
}

function invalid(message: string): BerthError {
  return new BerthError('invalid_argument', message, { code: 'invalid_plan' });
}

/** The code of each kind, for those who read plans. */
export const kindOfCode: ReadonlyMap<number, RecordKind> = new Map(
  (Object.keys(layout) as RecordKind[]).map((kind) => [layout[kind].code, kind]),
);
