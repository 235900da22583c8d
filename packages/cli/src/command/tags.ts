import { parseReference } from '@berth/model/reference';
import { argument, type CommandCall, defineCommand } from '../command.ts';
import { print } from '../print/output.ts';
import { credentialFlags } from '../registry/credentials.ts';
import { registryFlags, withRegistry } from '../registry/with-registry.ts';

const flagTable = { ...registryFlags, ...credentialFlags };

export const command = defineCommand({
  usage: 'tags [OPTIONS] REPOSITORY',
  flags: flagTable,
  arguments: { least: 1, most: 1 },
  async run({ flags, args, env }: CommandCall<typeof flagTable>) {
    const { domain, path } = parseReference(argument(args, 0));
    return await withRegistry({ host: domain, flags, env }, async (client, signal) => {
      for await (const tag of client.repository({ domain, path }).tags(signal)) print(`${tag}\n`);
    });
  },
});
