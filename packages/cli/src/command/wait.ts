import { defineCommand } from '../command.ts';
import { eachTarget } from '../each-target.ts';

export const command = defineCommand({
  usage: 'wait CONTAINER [CONTAINER...]',
  flags: {},
  arguments: { least: 1 },
  run: ({ args, client }) => eachTarget(args, async (ref) => String((await client.containers.wait(ref)).exitCode)),
});
