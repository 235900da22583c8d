import { defineCommand } from '../command.ts';
import { eachTarget } from '../each-target.ts';
import { textFlag } from '../flag/spec.ts';

export const command = defineCommand({
  usage: 'kill [OPTIONS] CONTAINER [CONTAINER...]',
  flags: { signal: textFlag('Signal to send to the container (default KILL)', { short: 's' }) },
  arguments: { least: 1 },
  run: ({ flags, args, client }) =>
    eachTarget(args, (ref) => client.containers.kill(ref, flags.signal), { together: true }),
});
