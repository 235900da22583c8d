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
    eachTarget(args, (ref) => client.containers.remove(ref, { force }), {
      together: true,
      forgive: force ? isAbsent : undefined,
    }),
});

/** As docker: with -f the wish is that it be gone, so that its absence is told and no failure. */
function isAbsent(error: unknown): boolean {
  return isKind(error, 'not_found');
}
