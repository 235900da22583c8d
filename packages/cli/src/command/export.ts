import { argument, defineCommand } from '../command.ts';
import { textFlag } from '../flag/spec.ts';
import { interruptible } from '../on-interrupt.ts';
import { refuseTerminal, writeArchive } from '../write-archive.ts';

export const command = defineCommand({
  usage: 'export [OPTIONS] CONTAINER',
  flags: { output: textFlag('Write to a file, instead of STDOUT', { short: 'o' }) },
  arguments: { least: 1, most: 1 },
  async run({ flags: { output }, args, client }) {
    refuseTerminal(output, 'export');
    const ref = argument(args, 0);
    return await interruptible((signal) => writeArchive(client.containers.export(ref, { signal }), output));
  },
});
