import { argument, defineCommand } from '../command.ts';
import { archiveSource } from '../archive-source.ts';
import { listFlag, textFlag } from '../flag/spec.ts';
import { print } from '../print/output.ts';
import { showProgress } from '../print/progress.ts';

export const command = defineCommand({
  usage: 'import [OPTIONS] FILE|- [REPOSITORY[:TAG]]',
  flags: {
    change: listFlag('Apply Dockerfile instruction to the created image', { short: 'c' }),
    message: textFlag('Set commit message for imported image', { short: 'm' }),
  },
  arguments: { least: 1, most: 2 },
  async run({ flags: { change, message }, args, client }) {
    const options = { name: args[1], message, changes: change };
    const { images } = await showProgress(client.images.import(archiveSource(argument(args, 0)), options), {
      quiet: false,
    });
    for (const { id } of images) print(`${id}\n`);
  },
});
