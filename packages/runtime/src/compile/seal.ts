import type { PlanRecord } from '../plan/record.ts';
import { MS } from './kernel-flags.ts';
import { mountFlags } from './mount-option.ts';
import type { MountOptions } from './mount-option.ts';
import { inContainer } from './step.ts';

/**
 * Remounts a mount of ours read-only after the pivot. A plain mount(2) by path is safe there: the
 * path can lead nowhere but into the container's own tree.
 */
export function sealRecord(destination: string, options: MountOptions): PlanRecord {
  return inContainer('mount', {
    flags: MS.MS_REMOUNT | MS.MS_BIND | mountFlags({ ...options, superblock: 0 }),
    source: '',
    target: destination,
    type: '',
    data: '',
    cwd: '',
  });
}
