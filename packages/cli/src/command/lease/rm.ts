import { type CommandCall, defineCommand } from '../../command.ts';
import { eachTarget } from '../../each-target.ts';
import { switchFlag } from '../../flag/spec.ts';

const flagTable = { sync: switchFlag('Wait until what only it held is freed') };

export const command = defineCommand({
  usage: 'lease rm [OPTIONS] ID [ID...]',
  flags: flagTable,
  arguments: { least: 1 },
  run: ({ flags: { sync }, args, client }: CommandCall<typeof flagTable>) =>
    eachTarget(args, (id) => client.leases.remove(id, { sync })),
});
