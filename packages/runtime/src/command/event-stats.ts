import { tolerate } from '@berth/model/error';
import { type EventStats, type NetworkInterface, readNetworkInterfaces } from '../cgroup/event-stats.ts';
import { cgroupOf } from '../launch/members.ts';
import type { StateRecord } from '../state/record.ts';

/** The data of a `stats` event: what the container's cgroup, its share of the caches and its network count. */
export async function statsOf(record: StateRecord): Promise<EventStats> {
  const stats = await cgroupOf(record, 'watch').eventStats();
  return { ...stats, intel_rdt: await cacheStats(record), network_interfaces: interfacesOf(record.pid) };
}

async function cacheStats({ id, cacheShare }: StateRecord): Promise<object> {
  if (cacheShare === undefined) return {};
  const { readResctrlStats } = await import('../resctrl/stats.ts');
  return await readResctrlStats({ root: cacheShare.root, id }, cacheShare.spec);
}

/** Null, as for a container without a network, when it has just ended. */
function interfacesOf(pid: number): readonly NetworkInterface[] | null {
  let found: readonly NetworkInterface[] = [];
  tolerate(['ENOENT', 'ESRCH', 'EINVAL', 'EACCES'], () => (found = readNetworkInterfaces(pid)));
  return found.length === 0 ? null : found;
}
