import { argument, defineCommand } from '../command.ts';

export const command = defineCommand({
  usage: 'rename CONTAINER NEW_NAME',
  flags: {},
  arguments: { least: 2, most: 2 },
  run: ({ args, client }) => client.containers.rename(argument(args, 0), argument(args, 1)),
});
