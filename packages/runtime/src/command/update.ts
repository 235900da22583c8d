import { BerthError } from '@berth/model/error';
import { readResources } from '../bundle/input.ts';
import { changeCacheShare } from '../launch/cache-share.ts';
import { cgroupOf } from '../launch/members.ts';
import { changeScope } from '../launch/scope.ts';
import { loadContainer } from '../state/container.ts';
import { lockFolder } from '../state/lock.ts';
import { readSpec, writeRecord, writeSpec } from '../state/record.ts';
import { cacheChange, mergeResources, resourcesOfFlags } from './update-resources.ts';
import type { Invocation } from './verb.ts';
import type { FlagsOf } from './verb-flags.ts';

export async function run(invocation: Invocation<FlagsOf<'update'>>): Promise<number> {
  const { globals, flags, args } = invocation;
  const id = args[0]!;
  using _lock = await lockFolder(loadContainer(globals.root, id).folder, id);
  const { folder, record, status } = loadContainer(globals.root, id);
  if (status === 'stopped' || status === 'creating') {
    throw new BerthError('failed_precondition', `container not running: ${id}`, { code: 'container_not_running' });
  }
  const asked = flags.resources === '' ? resourcesOfFlags(invocation) : readResources(flags.resources).value;
  const caches = cacheChange(invocation);
  if (Object.keys(asked).length > 0) {
    const cgroup = cgroupOf(record, 'update');
    await changeScope(record, asked);
    await cgroup.update(asked);
  }
  if (caches !== undefined) writeRecord(folder, { ...record, cacheShare: await changeCacheShare(record, caches) });
  const spec = readSpec(folder);
  // The next update and a restore start from what is true now.
  const resources = mergeResources(spec.linux.resources ?? {}, asked);
  writeSpec(folder, { ...spec, linux: { ...spec.linux, resources } });
  return 0;
}
