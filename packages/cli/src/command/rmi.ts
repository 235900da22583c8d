import { isKind } from '@berth/model/error';
import { defineCommand } from '../command.ts';
import { switchFlag } from '../flag/spec.ts';
import { print } from '../print/output.ts';
import { reportError } from '../report-error.ts';

export const command = defineCommand({
  usage: 'rmi [OPTIONS] IMAGE [IMAGE...]',
  flags: { force: switchFlag('Force removal of the image', { short: 'f' }) },
  arguments: { least: 1 },
  async run({ flags: { force }, args, client }) {
    let failed = 0;
    for (const ref of args) {
      try {
        const { untagged, deleted } = await client.images.remove(ref, { force });
        print([...untagged.map((name) => `Untagged: ${name}\n`), ...deleted.map((id) => `Deleted: ${id}\n`)].join(''));
      } catch (error) {
        reportError(error);
        // As docker: with -f an image that is not there is no failure.
        if (!force || !isKind(error, 'not_found')) failed++;
      }
    }
    return failed === 0 ? 0 : 1;
  },
});
