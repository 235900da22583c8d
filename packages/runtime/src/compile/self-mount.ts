import type { PlanRecord } from '../plan/record.ts';
import { MS } from './kernel-flags.ts';
import type { MountPlace } from './mount-place.ts';
import { inContainer } from './step.ts';

/**
 * A mount type of ours: a folder of the root file system itself, made where it is missing, that can be written to also
 * when the root cannot. It is how an image's volumes are kept in the container's own layer: with what the image has there,
 * and nothing of the host to clean up.
 */
export const selfType = 'self';

export function selfMount({ destination }: MountPlace): {
  readonly records: readonly PlanRecord[];
  readonly seal: readonly PlanRecord[];
} {
  const folder = inContainer('mkdir', { mode: 0o755, uid: 0, gid: 0, path: destination });
  // After the pivot, where the path can lead nowhere but into the container's own tree, and before the root is closed.
  const onItself = { source: destination, target: destination, flags: MS.MS_BIND | MS.MS_REC };
  return { records: [folder], seal: [inContainer('mount', { ...onItself, type: '', data: '', cwd: '' })] };
}
