import { argument, defineCommand } from '../command.ts';
import { archiveSource } from '../archive-source.ts';
import { listFlag, textFlag } from '../flag/spec.ts';
import { print } from '../print/output.ts';
import { followProgress } from '../progress/follow.ts';
import { progressFlags, progressMode } from '../progress/open-display.ts';

export const command = defineCommand({
  usage: 'import [OPTIONS] FILE|- [REPOSITORY[:TAG]]',
  flags: {
    change: listFlag('Apply Dockerfile instruction to the created image', { short: 'c' }),
    message: textFlag('Set commit message for imported image', { short: 'm' }),
    ...progressFlags,
  },
  arguments: { least: 1, most: 2 },
  async run({ flags, args, client }) {
    const { change, message } = flags;
    const mode = progressMode(flags);
    const options = { name: args[1], message, changes: change };
    const { images } = await followProgress(client.images.import(archiveSource(argument(args, 0)), options), {
      mode,
      outcome: 'done',
    });
    if (mode === 'json') return;
    for (const { id } of images) print(`${id}\n`);
  },
});
