import type { PlanRecord } from '../plan/record.ts';
import { MS } from './kernel-flags.ts';
import { mountFlags } from './mount-option.ts';
import type { MountOptions } from './mount-option.ts';
import type { MountPlace } from './mount-place.ts';
import { inContainer } from './step.ts';

/**
 * Gives a mount of ours its last attributes after the pivot. A plain mount(2) by path is safe there: the
 * path can lead nowhere but into the container's own tree.
 */
export function sealRecord(destination: string, options: MountOptions): PlanRecord {
  return change(destination, MS.MS_REMOUNT | MS.MS_BIND | mountFlags({ ...options, superblock: 0 }));
}

/** Shared, slave, private or unbindable. */
export function propagationRecord(destination: string, propagation: number): PlanRecord {
  return change(destination, propagation);
}

/** The option `remount` of a spec: new attributes for a mount that is there, or new options for its file system. */
export function remountRecord({ destination, options }: MountPlace): PlanRecord {
  const bind = options.bind === undefined ? 0 : MS.MS_BIND;
  return change(destination, MS.MS_REMOUNT | bind | mountFlags(options), options.data.join(','));
}

function change(target: string, flags: number, data = ''): PlanRecord {
  return inContainer('mount', { flags, source: '', target, type: '', data, cwd: '' });
}
