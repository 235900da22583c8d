import { defineCommand } from '../../command.ts';
import { eachTarget } from '../../each-target.ts';

export const command = defineCommand({
  usage: 'namespace rm NAME [NAME...]',
  flags: {},
  arguments: { least: 1 },
  run: ({ args, client }) => eachTarget(args, (name) => client.namespaces.remove(name)),
});
