import type { IntelRdtSpec, RuntimeSpec } from '@berth/model/runtime-spec';
import type { CacheShare, StateRecord } from '../state/record.ts';

/** Few machines have it, and fewer containers: loaded by who needs it. */
const resctrl = () => import('../resctrl/resctrl.ts');

/** The container's group of resctrl; undefined without `linux.intelRdt`. @throws failed_precondition (`no_resctrl`) */
export async function findCacheShare({ linux }: RuntimeSpec): Promise<CacheShare | undefined> {
  if (linux.intelRdt === undefined) return undefined;
  const { findResctrl } = await resctrl();
  return { root: findResctrl(), spec: linux.intelRdt };
}

/** Other lines for the group of a running container, which is made for one that has none. @returns what holds now */
export async function changeCacheShare(record: StateRecord, change: CacheChange): Promise<CacheShare> {
  const { findResctrl, updateResctrl } = await resctrl();
  const share = record.cacheShare ?? { root: findResctrl(), spec: {} };
  updateResctrl({ root: share.root, id: record.id }, { before: record.cacheShare?.spec, change, pid: record.pid });
  return { ...share, spec: { ...share.spec, ...change } };
}

export type CacheChange = Pick<IntelRdtSpec, 'l3CacheSchema' | 'memBwSchema'>;

/** Removes what was made for the container alone. */
export async function endCacheShare({ id, cacheShare }: StateRecord): Promise<void> {
  if (cacheShare === undefined) return;
  const { removeResctrl } = await resctrl();
  await removeResctrl({ root: cacheShare.root, id }, cacheShare.spec);
}
