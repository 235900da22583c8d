import { argument, type CommandCall, defineCommand } from '../../command.ts';
import { listFlag, textFlag } from '../../flag/spec.ts';
import { print } from '../../print/output.ts';
import { parseLabels } from '../../value/key-value.ts';

const flagTable = {
  label: listFlag('Set a label; an empty value removes it', { short: 'l' }),
  'share-group': textFlag('See the images of all namespaces of this group', { placeholder: 'group' }),
};

/** One that is there already is changed. */
export const command = defineCommand({
  usage: 'namespace create [OPTIONS] NAME',
  flags: flagTable,
  arguments: { least: 1, most: 1 },
  async run({ flags, args, client }: CommandCall<typeof flagTable>) {
    const shareGroup = flags['share-group'];
    const { name } = await client.namespaces.put(argument(args, 0), {
      ...(flags.label.length === 0 ? {} : { labels: parseLabels(flags.label) }),
      ...(shareGroup === undefined ? {} : { shareGroup }),
    });
    print(`${name}\n`);
  },
});
