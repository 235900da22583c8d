import { defineCommand } from '../command.ts';
import { eachTarget } from '../each-target.ts';

export const command = defineCommand({
  usage: 'unpause CONTAINER [CONTAINER...]',
  flags: {},
  arguments: { least: 1 },
  run: ({ args, client }) => eachTarget(args, (ref) => client.containers.unpause(ref), { together: true }),
});
