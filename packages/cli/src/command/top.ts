import { argument, defineCommand } from '../command.ts';
import { print } from '../print/output.ts';
import { formatTable } from '../print/table.ts';

/** Docker's tables of processes have wider cells than its others. */
const leastWidth = 20;

export const command = defineCommand({
  usage: 'top CONTAINER [ps OPTIONS]',
  flags: {},
  arguments: { least: 1 },
  stopAtArgument: true,
  async run({ args, client }) {
    const { titles, processes } = await client.containers.top(argument(args, 0), args.slice(1).join(' '));
    print(formatTable([titles, ...processes], leastWidth));
  },
});
