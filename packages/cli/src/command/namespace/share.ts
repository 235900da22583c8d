import { BerthError } from '@berth/model/error';
import { argument, type CommandCall, defineCommand } from '../../command.ts';
import { switchFlag } from '../../flag/spec.ts';
import { print } from '../../print/output.ts';

const flagTable = { none: switchFlag('Share with none from now on; the images that are there stay') };

export const command = defineCommand({
  usage: 'namespace share [OPTIONS] NAME [GROUP]',
  flags: flagTable,
  arguments: { least: 1, most: 2 },
  async run({ flags: { none }, args, client }: CommandCall<typeof flagTable>) {
    const group = none ? '' : args[1];
    if (group === undefined || (none && args.length > 1)) {
      throw new BerthError('invalid_argument', 'give either a group or --none', { code: 'bad_arguments' });
    }
    const { name } = await client.namespaces.put(argument(args, 0), { shareGroup: group });
    print(`${name}\n`);
  },
});
