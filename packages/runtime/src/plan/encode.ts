import { BerthError } from '@berth/model/error';
import { layout, type RecordKind } from './layout.ts';
import type { Plan, PlanRecord } from './record.ts';
import { binaryFields, limits, listFields, runsOn } from './shape.ts';

const planHeader = 16;
const recordHeader = 16;
const twoTo32 = 0x1_0000_0000;
/** Plans are written here and copied out: one pass, no buffer a record. Untouched pages cost nothing. */
const scratch = Buffer.allocUnsafeSlow(limits.bytes);

/**
 * A plan in its wire form (docs/plan.md). Fails with `invalid_argument` for a field that is missing,
 * a number beyond 64 bits, text with a NUL in it, a kind on the wrong track, and a plan that is too
 * large: everything that the native decoder would refuse without being able to say why.
 */
export function encodePlan(plan: Plan): Uint8Array {
  if (plan.records.length > limits.records) {
    throw invalid(`a plan has at most ${limits.records} records, this one ${plan.records.length}`);
  }
  let at = planHeader;
  for (const [index, record] of plan.records.entries()) at = writeRecord(record, index, at);
  scratch.fill(0, 0, planHeader);
  scratch.write('BPLN', 0);
  scratch.writeUInt16LE(1, 4);
  scratch.writeUInt32LE(at, 8);
  scratch.writeUInt32LE(plan.records.length, 12);
  return new Uint8Array(scratch.subarray(0, at));
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

/** @returns where the next record begins */
function writeRecord(record: PlanRecord, index: number, start: number): number {
  const shape = layout[record.kind];
  if (!runsOn(record.kind, record.track)) {
    throw invalid(`record ${index} (${record.kind}) cannot be on the ${record.track} track`);
  }
  const values = record as unknown as Record<string, unknown>;
  const lengthsAt = start + recordHeader + 8 * shape.numbers.length;
  let at = align8(lengthsAt + 4 * shape.strings.length);
  makeRoom(at);
  scratch.fill(0, start, at);
  let numberAt = start + recordHeader;
  for (const field of shape.numbers) {
    writeNumber(values[field], numberAt, () => `record ${index} (${record.kind}): ${field}`);
    numberAt += 8;
  }
  let lengthAt = lengthsAt;
  for (const field of shape.strings) {
    const length = writeString({ field, value: values[field], at }, () => `record ${index} (${record.kind}): ${field}`);
    scratch.writeUInt32LE(length, lengthAt);
    lengthAt += 4;
    scratch[at + length] = 0;
    at += length + 1;
  }
  const end = align8(at);
  makeRoom(end);
  scratch.fill(0, at, end);
  writeHeader(record, start, end - start);
  return end;
}

function writeHeader(record: PlanRecord, start: number, size: number): void {
  const shape = layout[record.kind];
  scratch.writeUInt16LE(shape.code, start);
  scratch[start + 2] = record.track === 'container' ? 1 : 0;
  // Compared with true, because rlimit has a number of the same name.
  scratch[start + 3] = (record.soft === true ? 1 : 0) | (record.inject === true ? 2 : 0);
  scratch.writeUInt32LE(size, start + 4);
  scratch.writeUInt16LE(shape.numbers.length, start + 8);
  scratch.writeUInt16LE(shape.strings.length, start + 10);
}

function writeNumber(value: unknown, at: number, where: () => string): void {
  if (typeof value === 'number' && value >= 0 && Number.isSafeInteger(value)) {
    scratch.writeUInt32LE(value % twoTo32, at);
    scratch.writeUInt32LE(Math.floor(value / twoTo32), at + 4);
    return;
  }
  const whole = typeof value === 'bigint' || Number.isSafeInteger(value);
  if (!whole) throw invalid(`${where()} is ${String(value)}, not a whole number`);
  const number = BigInt(value as number | bigint);
  if (number >= 1n << 64n || number < -(1n << 63n)) throw invalid(`${where()} is ${number}, beyond 64 bits`);
  scratch.writeBigUInt64LE(BigInt.asUintN(64, number), at);
}

interface StringField {
  readonly field: string;
  readonly value: unknown;
  readonly at: number;
}

/** @returns the bytes written, without the NUL behind them */
function writeString({ field, value, at }: StringField, where: () => string): number {
  if (typeof value !== 'string' && !(value instanceof Uint8Array)) throw invalid(`${where()} is missing`);
  const length = typeof value === 'string' ? Buffer.byteLength(value) : value.length;
  makeRoom(at + length + 1);
  if (typeof value === 'string') scratch.write(value, at);
  else scratch.set(value, at);
  const problem = stringProblem(field, scratch.subarray(at, at + length));
  if (problem !== undefined) throw invalid(`${where()} ${problem}`);
  return length;
}

function stringProblem(field: string, bytes: Buffer): string | undefined {
  const item = binaryFields[field];
  if (item !== undefined) return bytes.length % item === 0 ? undefined : `is not a row of ${item} byte items`;
  if (!listFields.includes(field)) return bytes.includes(0) ? 'has a NUL in it' : undefined;
  return bytes.length === 0 || bytes.at(-1) === 0 ? undefined : 'has an item without its NUL';
}

function makeRoom(end: number): void {
  if (end > limits.bytes) throw invalid(`a plan has at most ${limits.bytes} bytes`);
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
