import { type CommandCall, defineCommand } from '../command.ts';
import { containerFlags, unsupportedFlags } from '../container-flags.ts';
import { containerRequest } from '../container-request.ts';
import { createContainer, createOptions } from '../create-container.ts';
import { print } from '../print/output.ts';

export const command = defineCommand({
  usage: 'create [OPTIONS] IMAGE [COMMAND] [ARG...]',
  flags: { ...unsupportedFlags, ...containerFlags },
  arguments: { least: 1 },
  stopAtArgument: true,
  async run({ flags, args, client, env }: CommandCall<typeof containerFlags>) {
    const stdinOnce = flags.interactive ? { stdinOnce: true } : {};
    const request = { ...containerRequest(flags, args, env), ...stdinOnce };
    const { id } = await createContainer(client, request, createOptions(flags, env));
    print(`${id}\n`);
  },
});
