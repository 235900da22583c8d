import { BerthError } from '@berth/model/error';
import type { IntelRdtSpec } from '@berth/model/runtime-spec';
import type { PlanRecord } from '../plan/record.ts';
import type { ResctrlPlace } from '../resctrl/records.ts';
import type { ProcessFacts } from './facts.ts';
import { idOf } from './state.ts';

/** The records that `make` has for linux.intelRdt; none where the spec has none. */
export function cacheRecords(
  spec: IntelRdtSpec | undefined,
  facts: ProcessFacts,
  make: (place: ResctrlPlace, spec: IntelRdtSpec) => PlanRecord[],
): PlanRecord[] {
  if (spec === undefined) return [];
  if (facts.resctrl !== undefined) return make({ root: facts.resctrl, id: idOf(facts) }, spec);
  throw new BerthError('failed_precondition', 'linux.intelRdt: this host has no resctrl file system', {
    code: 'no_resctrl',
    hint: 'mount -t resctrl resctrl /sys/fs/resctrl, on a processor that has it, or leave the field out',
  });
}
