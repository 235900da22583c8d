import { BerthError } from '@berth/model/error';
import { defineCommand } from '../command.ts';
import { textFlag } from '../flag/spec.ts';
import { archiveSource } from '../archive-source.ts';
import { print } from '../print/output.ts';
import { followProgress } from '../progress/follow.ts';
import { progressFlags, progressMode } from '../progress/open-display.ts';

export const command = defineCommand({
  usage: 'load [OPTIONS]',
  flags: {
    input: textFlag('Read from a tar archive (or an OCI layout folder) instead of STDIN', { short: 'i' }),
    ...progressFlags,
  },
  arguments: { least: 0, most: 0 },
  async run({ flags, client }) {
    if (flags.input === undefined && process.stdin.isTTY) {
      throw new BerthError('invalid_argument', 'requested load from stdin, but stdin is a terminal', {
        hint: 'name the archive: berth load -i FILE',
      });
    }
    const source = archiveSource(flags.input ?? '-');
    const mode = progressMode(flags);
    const { images } = await followProgress(client.images.load(source), { mode, outcome: 'done' });
    if (mode === 'json') return;
    for (const { id, names } of images) {
      print(names.length === 0 ? `Loaded image ID: ${id}\n` : names.map((name) => `Loaded image: ${name}\n`).join(''));
    }
  },
});
