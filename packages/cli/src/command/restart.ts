import { BerthError } from '@berth/model/error';
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
      // Before anything is stopped: it could not be started again.
      const { id, pod } = await client.containers.inspect(ref);
      if (pod !== undefined) throw inPod(id);
      await client.containers.stop(ref, options);
      await client.containers.start(ref);
    };
    return await eachTarget(args, restart, { together: true });
  },
});

function inPod(id: string): BerthError {
  return new BerthError(
    'failed_precondition',
    `container ${id.slice(0, 12)} is one of a pod, and starts once in its life`,
    {
      code: 'in_pod',
      hint: 'stop it: whoever made the pod makes another one',
    },
  );
}
