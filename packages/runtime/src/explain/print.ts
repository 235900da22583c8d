import type { Plan } from '../plan/record.ts';
import { describeRecord } from './describe.ts';

/** The plan for people, one line a record: number, track, what it does. */
export function printPlan(plan: Plan): string {
  const width = String(plan.records.length - 1).length;
  return plan.records
    .map((record, index) => {
      const number = String(index).padStart(width);
      return `${number} ${record.track.padEnd('container'.length)} ${describeRecord(record)}\n`;
    })
    .join('');
}
