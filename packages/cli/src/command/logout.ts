import { type CommandCall, defineCommand } from '../command.ts';
import { textFlag } from '../flag/spec.ts';
import { print } from '../print/output.ts';
import { registryHost } from '../registry/host-name.ts';

const flagTable = {
  authfile: textFlag("File of credentials, as docker's config.json (REGISTRY_AUTH_FILE)", { placeholder: 'file' }),
};

export const command = defineCommand({
  usage: 'logout [SERVER]',
  flags: flagTable,
  arguments: { least: 0, most: 1 },
  async run({ flags: { authfile }, args, env }: CommandCall<typeof flagTable>) {
    const host = await registryHost(args[0]);
    const { eraseCredentials } = await import('../image-work.ts');
    const own = authfile === undefined ? env : { ...env, REGISTRY_AUTH_FILE: authfile };
    const erased = await eraseCredentials(host, { env: own });
    print(erased ? `Removing login credentials for ${host}\n` : `Not logged in to ${host}\n`);
  },
});
