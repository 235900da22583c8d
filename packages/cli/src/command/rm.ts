import { isKind } from '@berth/model/error';
import { defineCommand } from '../command.ts';
import { eachTarget } from '../each-target.ts';
import { switchFlag } from '../flag/spec.ts';

export const command = defineCommand({
  usage: 'rm [OPTIONS] CONTAINER [CONTAINER...]',
  flags: {
    force: switchFlag('Force the removal of a running container (uses SIGKILL)', { short: 'f' }),
    // There are no anonymous volumes yet: removing them is already done.
    volumes: switchFlag('Remove anonymous volumes associated with the container', { short: 'v' }),
  },
  arguments: { least: 1 },
  run: ({ flags: { force }, args, client }) =>
    eachTarget(args, async (ref) => {
      try {
        await client.containers.remove(ref, { force });
      } catch (error) {
        // As docker: with -f the wish is that it be gone.
        if (!force || !isKind(error, 'not_found')) throw error;
      }
    }),
});
