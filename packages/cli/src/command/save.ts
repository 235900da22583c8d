import { type CommandCall, defineCommand } from '../command.ts';
import { listFlag, textFlag } from '../flag/spec.ts';
import { interruptible } from '../on-interrupt.ts';
import { refuseTerminal, writeArchive } from '../write-archive.ts';

const flagTable = {
  output: textFlag('Write to a file, instead of STDOUT', { short: 'o' }),
  platform: listFlag('Save only this platform (os/architecture[/variant])', { placeholder: 'string' }),
};

export const command = defineCommand({
  usage: 'save [OPTIONS] IMAGE [IMAGE...]',
  flags: flagTable,
  arguments: { least: 1 },
  async run({ flags: { output, platform }, args, client }: CommandCall<typeof flagTable>) {
    refuseTerminal(output, 'save');
    const named = platform.flatMap((text) => text.split(','));
    const platforms = named.length === 0 ? undefined : named;
    return await interruptible((signal) => writeArchive(client.images.save(args, { platforms, signal }), output));
  },
});
