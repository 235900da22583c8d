import { isKind } from '@berth/model/error';
import { type CommandCall, defineCommand } from '../../command.ts';
import { eachTarget } from '../../each-target.ts';
import { switchFlag } from '../../flag/spec.ts';

const flagTable = { force: switchFlag('Also remove pods that run, with their containers', { short: 'f' }) };

export const command = defineCommand({
  usage: 'pod rm [OPTIONS] POD [POD...]',
  flags: flagTable,
  arguments: { least: 1 },
  run: ({ flags: { force }, args, client }: CommandCall<typeof flagTable>) =>
    eachTarget(args, (ref) => client.pods.remove(ref, { force }), {
      together: true,
      // The wish is that it be gone.
      forgive: force ? (error) => isKind(error, 'not_found') : undefined,
    }),
});
