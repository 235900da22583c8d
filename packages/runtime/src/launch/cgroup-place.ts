import { accessSync, constants, existsSync } from 'node:fs';
import { posix } from 'node:path';
import { tolerate } from '@berth/model/error';
import { cgroupFolders } from '../cgroup/layout.ts';
import { type CgroupPlace, type CgroupRequest, findPlace } from '../cgroup/place.ts';

/**
 * Where a container's cgroup will be. Without root and without a cgroup that the user may write to, none is made (an
 * empty path), as with runc; limits are then refused by who needs them.
 */
export function chooseCgroup(request: CgroupRequest): CgroupPlace {
  const place = findPlace(request);
  const makable = !request.rootless || cgroupFolders(place.layout, place.path).every(canMake);
  return makable ? place : { layout: place.layout, path: '' };
}

/** Whether the folder could be made: its nearest ancestor that exists can be written to. */
function canMake(folder: string): boolean {
  let at = folder;
  while (!existsSync(at)) at = posix.dirname(at);
  return tolerate(['EACCES', 'EPERM', 'EROFS'], () => accessSync(at, constants.W_OK));
}
