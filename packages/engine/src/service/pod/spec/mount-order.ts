import type { MountSpec } from '@berth/model/runtime-spec';

/** Shallow destinations first, so that none hides another; what is equally deep stays in its order. */
export function byDepth(mounts: readonly MountSpec[]): MountSpec[] {
  return mounts.toSorted((a, b) => depth(a) - depth(b));
}

function depth({ destination }: MountSpec): number {
  return destination.split('/').filter((part) => part !== '').length;
}
