import { posix } from 'node:path';
import type { RuntimeSpec } from '@berth/model/runtime-spec';
import type { PlanRecord } from '../plan/record.ts';
import { invalid } from './invalid.ts';
import { inContainer } from './step.ts';

/**
 * Read-only paths, then masked ones: a mask may lie in a read-only folder, whose recursive
 * read-only clone would otherwise be made with the mask in it and mounted twice.
 */
export function hiddenPathRecords(spec: RuntimeSpec): PlanRecord[] {
  const { readonlyPaths = [], maskedPaths = [] } = spec.linux;
  return [
    ...readonlyPaths.map((path, index) => {
      check(path, `linux.readonlyPaths[${index}]`);
      return inContainer('make_readonly', { path });
    }),
    ...maskedPaths.map((path, index) => {
      check(path, `linux.maskedPaths[${index}]`);
      return inContainer('mask', { path });
    }),
  ];
}

function check(path: string, where: string): void {
  if (!posix.isAbsolute(path)) throw invalid(where, `not an absolute path: ${path}`);
}
