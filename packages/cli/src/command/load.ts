import { BerthError } from '@berth/model/error';
import { defineCommand } from '../command.ts';
import { switchFlag, textFlag } from '../flag/spec.ts';
import { archiveSource } from '../archive-source.ts';
import { print } from '../print/output.ts';
import { showProgress } from '../print/progress.ts';

export const command = defineCommand({
  usage: 'load [OPTIONS]',
  flags: {
    input: textFlag('Read from a tar archive (or an OCI layout folder) instead of STDIN', { short: 'i' }),
    quiet: switchFlag('Suppress the load output', { short: 'q' }),
  },
  arguments: { least: 0, most: 0 },
  async run({ flags, client }) {
    if (flags.input === undefined && process.stdin.isTTY) {
      throw new BerthError('invalid_argument', 'requested load from stdin, but stdin is a terminal', {
        hint: 'name the archive: berth load -i FILE',
      });
    }
    const source = archiveSource(flags.input ?? '-');
    const { images } = await showProgress(client.images.load(source), { quiet: flags.quiet });
    for (const { id, names } of images) {
      print(names.length === 0 ? `Loaded image ID: ${id}\n` : names.map((name) => `Loaded image: ${name}\n`).join(''));
    }
  },
});
