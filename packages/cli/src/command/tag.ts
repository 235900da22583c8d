import { argument, defineCommand } from '../command.ts';

export const command = defineCommand({
  usage: 'tag SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]',
  flags: {},
  arguments: { least: 2, most: 2 },
  run: ({ args, client }) => client.images.tag(argument(args, 0), argument(args, 1)),
});
