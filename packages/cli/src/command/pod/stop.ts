import { defineCommand } from '../../command.ts';
import { eachTarget } from '../../each-target.ts';

export const command = defineCommand({
  usage: 'pod stop POD [POD...]',
  flags: {},
  arguments: { least: 1 },
  run: ({ args, client }) => eachTarget(args, (ref) => client.pods.stop(ref), { together: true }),
});
