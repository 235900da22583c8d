import path from 'node:path';
import type { ImageRunConfig } from '@berth/model/image-config';
import type { MountSpec } from '@berth/model/runtime-spec';

/**
 * The volumes that the image speaks of. What is in them is the container's own and goes with it; it begins with what the
 * image has there, and can be written to also with a read-only root.
 */
export function imageVolumeMounts({ Volumes = {} }: ImageRunConfig = {}): MountSpec[] {
  return Object.keys(Volumes)
    .map((volume) => path.posix.join('/', volume).replace(/(.)\/$/, '$1'))
    .filter((destination) => destination !== '/')
    .map((destination) => ({ destination, type: 'self', source: 'self', options: [] }));
}
