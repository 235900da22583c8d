import { defineCommand } from '../command.ts';
import { eachTarget } from '../each-target.ts';
import { stopFlags } from '../stop-flags.ts';

export const command = defineCommand({
  usage: 'restart [OPTIONS] CONTAINER [CONTAINER...]',
  flags: stopFlags,
  arguments: { least: 1 },
  async run({ flags, args, client }) {
    const options = { timeout: flags.timeout ?? flags.time, stopSignal: flags.signal };
    const restart = async (ref: string) => {
      await client.containers.stop(ref, options);
      await client.containers.start(ref);
    };
    return await eachTarget(args, restart, { together: true });
  },
});
