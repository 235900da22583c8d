import { isKind } from '@berth/model/error';
import type { BerthClient } from '@berth/sdk/client';
import { type CommandCall, defineCommand } from '../command.ts';
import { confirm } from '../confirm.ts';
import { listFlag, switchFlag } from '../flag/spec.ts';
import { print } from '../print/output.ts';
import { prunedContainers, prunedImages, reclaimed } from '../print/pruned.ts';
import { pruneRequest } from '../value/prune-filter.ts';

const flagTable = {
  all: switchFlag('Remove all unused images, not just dangling ones', { short: 'a' }),
  filter: listFlag("Only those that match: 'until=24h', 'label=key=value'", { placeholder: 'filter' }),
  force: switchFlag('Do not prompt for confirmation', { short: 'f' }),
};

export const command = defineCommand({
  usage: 'system prune [OPTIONS]',
  flags: flagTable,
  arguments: { least: 0, most: 0 },
  async run({ flags, client, namespace = 'default' }: CommandCall<typeof flagTable>) {
    const request = pruneRequest(flags.filter, flags.all);
    const which = request.all === true ? 'images without at least one container associated to them' : 'dangling images';
    const warning = `WARNING! This will remove:\n  - all stopped containers\n  - all ${which}\n`;
    if (!flags.force) await confirm(warning, 'system prune');
    // Before images: a stopped container is what keeps its image.
    const before = await client.system.diskUse();
    print(prunedContainers(await removeStopped(client, namespace, request)));
    print(prunedImages(await client.images.prune(request)));
    await client.system.collect();
    const after = await client.system.diskUse();
    print(reclaimed(Math.max(0, before.total - after.total)));
  },
});

/** Not those of pods: whoever made these looks at them yet, and removes them. */
async function removeStopped(
  client: BerthClient,
  namespace: string,
  { until, labels = [] }: ReturnType<typeof pruneRequest>,
): Promise<string[]> {
  const removed: string[] = [];
  for (const { id, pod, status, createdAt, ...container } of await client.containers.list({ all: true })) {
    const isOld = until === undefined || Date.parse(createdAt) < Date.parse(until);
    if (pod !== undefined || container.namespace !== namespace || !isOld) continue;
    if (status === 'running' || status === 'paused') continue;
    if (!labels.every((wish) => matches(container.labels, wish))) continue;
    try {
      await client.containers.remove(id);
      removed.push(id);
    } catch (error) {
      // Started or removed by somebody since: it is no longer ours to remove.
      if (!isKind(error, 'not_found') && !isKind(error, 'failed_precondition')) throw error;
    }
  }
  return removed;
}

/** `key`, `key=value`, and with `!` before it neither. */
function matches(labels: Readonly<Record<string, string>>, wish: string): boolean {
  const not = wish.startsWith('!');
  const [key = '', value] = wish.slice(not ? 1 : 0).split(/=(.*)/s, 2);
  const has = Object.hasOwn(labels, key) && (value === undefined || labels[key] === value);
  return has !== not;
}
