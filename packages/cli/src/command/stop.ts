import { defineCommand } from '../command.ts';
import { eachTarget } from '../each-target.ts';
import { stopFlags } from '../stop-flags.ts';

export const command = defineCommand({
  usage: 'stop [OPTIONS] CONTAINER [CONTAINER...]',
  flags: stopFlags,
  arguments: { least: 1 },
  async run({ flags, args, client }) {
    const options = { timeout: flags.timeout ?? flags.time, stopSignal: flags.signal };
    return await eachTarget(args, (ref) => client.containers.stop(ref, options), { together: true });
  },
});
