import { BerthError } from '@berth/model/error';
import { kindOfCode } from './encode.ts';
import { layout } from './layout.ts';
import type { Plan, PlanRecord } from './record.ts';
import { binaryFields } from './shape.ts';

/**
 * The inverse of `encodePlan`, for tests and for looking at a plan that was kept. Numbers come back as
 * bigint, text as string, binary fields as bytes. Not the border to hostile input: native/decode.c is.
 */
export function decodePlan(bytes: Uint8Array): Plan {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const magic = new TextDecoder().decode(bytes.subarray(0, 4));
  if (bytes.length < 16 || magic !== 'BPLN' || view.getUint16(4, true) !== 1) throw damaged('not a plan');
  if (view.getUint32(8, true) !== bytes.length) throw damaged('the size does not match');
  const records: PlanRecord[] = [];
  let at = 16;
  for (let left = view.getUint32(12, true); left > 0; left--) {
    const size = at + 16 <= bytes.length ? view.getUint32(at + 4, true) : 0;
    if (size < 16 || at + size > bytes.length) throw damaged(`record ${records.length} is cut off`);
    records.push(decodeRecord(bytes.subarray(at, at + size)));
    at += size;
  }
  return { records };
}

function decodeRecord(bytes: Uint8Array): PlanRecord {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const kind = kindOfCode.get(view.getUint16(0, true));
  if (kind === undefined) throw damaged(`kind ${view.getUint16(0, true)} is not known`);
  const { numbers, strings } = layout[kind];
  const flags = view.getUint8(3);
  const fields: Record<string, unknown> = { kind, track: view.getUint8(2) === 1 ? 'container' : 'host' };
  if (flags & 1) fields.soft = true;
  if (flags & 2) fields.inject = true;
  numbers.forEach((field, index) => {
    fields[field] = view.getBigUint64(16 + 8 * index, true);
  });
  const lengthsAt = 16 + 8 * numbers.length;
  let at = (lengthsAt + 4 * strings.length + 7) & ~7;
  strings.forEach((field, index) => {
    const value = bytes.slice(at, at + view.getUint32(lengthsAt + 4 * index, true));
    fields[field] = field in binaryFields ? value : new TextDecoder().decode(value);
    at += value.length + 1;
  });
  return fields as unknown as PlanRecord;
}

function damaged(message: string): BerthError {
  return new BerthError('invalid_argument', `plan: ${message}`, { code: 'invalid_plan' });
}
