import type { Layout, RecordKind, Track } from '../plan/layout.ts';
import type { PlanRecord } from '../plan/record.ts';

/** The fields of a record of kind K: its numbers and its strings, by name. */
export type Fields<K extends RecordKind> = {
  readonly [N in Layout[K]['numbers'][number]]: number | bigint;
} & { readonly [S in Layout[K]['strings'][number]]: string | Uint8Array };

/** A record for the shim itself. */
export function onHost<K extends RecordKind>(kind: K, fields: Fields<K>): PlanRecord {
  return record(kind, 'host', fields);
}

/** A record for the container process. */
export function inContainer<K extends RecordKind>(kind: K, fields: Fields<K>): PlanRecord {
  return record(kind, 'container', fields);
}

/** The same record, allowed to fail: its failure becomes a warning in the report. */
export function soft(step: PlanRecord): PlanRecord {
  return { ...step, soft: true };
}

/** A list field: every item ends in a NUL (docs/plan.md). */
export function list(items: readonly string[]): string {
  return items.map((item) => `${item}\0`).join('');
}

function record<K extends RecordKind>(kind: K, track: Track, fields: Fields<K>): PlanRecord {
  return { kind, track, ...fields } as unknown as PlanRecord;
}
