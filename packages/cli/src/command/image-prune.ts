import { type CommandCall, defineCommand } from '../command.ts';
import { confirm } from '../confirm.ts';
import { listFlag, switchFlag } from '../flag/spec.ts';
import { print } from '../print/output.ts';
import { prunedImages, reclaimed } from '../print/pruned.ts';
import { pruneRequest } from '../value/prune-filter.ts';

const flagTable = {
  all: switchFlag('Remove all unused images, not just dangling ones', { short: 'a' }),
  filter: listFlag("Only those that match: 'until=24h', 'label=key=value'", { placeholder: 'filter' }),
  force: switchFlag('Do not prompt for confirmation', { short: 'f' }),
};

export const command = defineCommand({
  usage: 'image prune [OPTIONS]',
  flags: flagTable,
  arguments: { least: 0, most: 0 },
  async run({ flags, client }: CommandCall<typeof flagTable>) {
    const request = pruneRequest(flags.filter, flags.all);
    const which = request.all === true ? 'images without at least one container associated to them' : 'dangling images';
    if (!flags.force) await confirm(`WARNING! This will remove all ${which}.`, 'image prune');
    const pruned = await client.images.prune(request);
    print(`${prunedImages(pruned)}${reclaimed(pruned.freed)}`);
  },
});
