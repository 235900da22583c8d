import type { Plan, PlanRecord } from '../plan/record.ts';
import type { Track } from '../plan/layout.ts';
import type { ReportEntry } from '../shim/message.ts';
import { describeRecord } from './describe.ts';
import { errnoNameOf } from './errno-name.ts';
import { remedy } from './remedy.ts';

/** The record that ended the start. */
export interface FailedRecord {
  readonly record: number;
  readonly errno: number;
}

/**
 * The plan with the time that each record took, the time of each track, and, where a start failed,
 * the step that failed with what can be done about it. Times of `wait` are somebody else's work.
 */
export function explain(plan: Plan, report: readonly ReportEntry[], failed?: FailedRecord): string {
  const lines = plan.records.map((record, index) => line(plan, record, { index, report, failed }));
  const totals = (['host', 'container'] as const).map((track) => total(plan, report, track));
  return [...lines, '', ...totals, ...failure(plan, failed), ''].join('\n');
}

/** `step 14, fs_mount overlay on /: EINVAL`, for messages. */
export function nameStep(plan: Plan, { record: index, errno }: FailedRecord): string {
  const record = plan.records[index];
  const what = record === undefined ? 'unknown' : describeRecord(record);
  return `step ${index}, ${what}: ${errnoNameOf(errno)}`;
}

interface LineFacts {
  readonly index: number;
  readonly report: readonly ReportEntry[];
  readonly failed: FailedRecord | undefined;
}

function line(plan: Plan, record: PlanRecord, { index, report, failed }: LineFacts): string {
  const entry = report[index];
  const mark = failed?.record === index ? '>' : ' ';
  const width = String(plan.records.length - 1).length;
  const time = entry?.ran ? microseconds(entry.nanoseconds) : 'not run';
  const errno = entry?.errno ? `: ${errnoNameOf(entry.errno)}` : '';
  const track = record.track.padEnd('container'.length);
  return `${mark}${String(index).padStart(width)} ${time.padStart(11)} ${track} ${describeRecord(record)}${errno}`;
}

function total(plan: Plan, report: readonly ReportEntry[], track: Track): string {
  let work = 0n;
  let waiting = 0n;
  plan.records.forEach((record, index) => {
    const entry = report[index];
    if (record.track !== track || !entry?.ran) return;
    if (record.kind === 'wait') waiting += BigInt(entry.nanoseconds);
    else work += BigInt(entry.nanoseconds);
  });
  const waited = waiting > 0n ? `, and ${microseconds(waiting)} of waiting` : '';
  return `${track}: ${microseconds(work)}${waited}`;
}

function failure(plan: Plan, failed: FailedRecord | undefined): string[] {
  const record = failed && plan.records[failed.record];
  if (failed === undefined || record === undefined) return [];
  const { message, hint } = remedy(record, failed.errno);
  return ['', nameStep(plan, failed), message, ...(hint === undefined ? [] : [hint])];
}

function microseconds(nanoseconds: number | bigint): string {
  return `${(Number(nanoseconds) / 1000).toFixed(1)} us`;
}
