import { accessSync, constants, existsSync } from 'node:fs';
import { posix } from 'node:path';
import { BerthError, tolerate } from '@berth/model/error';
import { cgroupFolders } from '../cgroup/layout.ts';
import { type CgroupPlace, type CgroupRequest, findPlace } from '../cgroup/place.ts';

/**
 * Where a container's cgroup will be. Without root and without a cgroup that the user may write to, none is made (an
 * empty path), as with runc; limits are then refused by who needs them. systemd is asked only where the user's own
 * manager has to say where it is. @throws failed_precondition (`no_systemd`, `rootless_systemd`)
 */
export async function chooseCgroup(request: CgroupRequest): Promise<CgroupPlace> {
  if (request.driver === 'systemd') return await scopePlace(request);
  const place = findPlace(request);
  const makable = !request.rootless || cgroupFolders(place.layout, place.path).every(canMake);
  return makable ? place : { layout: place.layout, path: '' };
}

async function scopePlace(request: CgroupRequest): Promise<CgroupPlace> {
  if (!request.rootless) return findPlace(request);
  if (findPlace(request).layout.version === 1) {
    throw new BerthError('failed_precondition', 'systemd makes cgroups for users without root on cgroup v2 only', {
      code: 'rootless_systemd',
      hint: 'leave out --systemd-cgroup',
    });
  }
  const { userManagerCgroup } = await import('../systemd/scope.ts');
  return findPlace(request, await userManagerCgroup());
}

/** Whether the folder could be made: its nearest ancestor that exists can be written to. */
function canMake(folder: string): boolean {
  let at = folder;
  while (!existsSync(at)) at = posix.dirname(at);
  return tolerate(['EACCES', 'EPERM', 'EROFS'], () => accessSync(at, constants.W_OK));
}
