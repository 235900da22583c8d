import type { RuntimeSpec } from '@berth/model/runtime-spec';
import type { PlanRecord } from '../plan/record.ts';
import { invalid } from './invalid.ts';
import { CLONE } from './kernel-flags.ts';
import { isNew } from './namespace.ts';
import type { NamespaceMap } from './namespace.ts';
import { inContainer } from './step.ts';

export function hasTimeOffsets({ linux }: RuntimeSpec): boolean {
  return Object.keys(linux.timeOffsets ?? {}).length > 0;
}

/**
 * A time namespace with offsets, time_namespaces(7): they can be written only while nobody is in it, so it is made for
 * children first and entered after. Early: the files are the process's own only until its user changes.
 */
export function timeRecords(spec: RuntimeSpec, namespaces: NamespaceMap): PlanRecord[] {
  if (!hasTimeOffsets(spec)) return [];
  if (!isNew(namespaces, 'time')) throw invalid('linux.timeOffsets', 'needs a new time namespace');
  const lines = Object.entries(spec.linux.timeOffsets ?? {}).map(([clock, { secs = 0, nanosecs = 0 }]) => {
    for (const [field, value] of Object.entries({ secs, nanosecs })) {
      if (!Number.isSafeInteger(value)) throw invalid(`linux.timeOffsets.${clock}.${field}`, `not a number: ${value}`);
    }
    return `${clock} ${secs} ${nanosecs}\n`;
  });
  const flags = CLONE.CLONE_NEWTIME;
  return [
    inContainer('unshare', { flags }),
    inContainer('write_file', { path: '/proc/self/timens_offsets', data: lines.join('') }),
    inContainer('setns', { flags, path: '/proc/self/ns/time_for_children' }),
  ];
}
