import { type CommandCall, defineCommand } from '../command.ts';
import { listFlag, switchFlag, textFlag } from '../flag/spec.ts';
import { imageHeaders, imageRows, matchesImage } from '../image-row.ts';
import { printRows } from '../print/rows.ts';
import { parseFilter } from '../value/key-value.ts';

const flagTable = {
  all: switchFlag('Show all images', { short: 'a' }),
  digests: switchFlag('Show digests'),
  filter: listFlag('Filter output: reference, dangling', { short: 'f', placeholder: 'filter' }, parseFilter),
  format: textFlag("Format output: 'table', 'table TEMPLATE', 'json' or a Go template"),
  'no-trunc': switchFlag("Don't truncate output"),
  quiet: switchFlag('Only show image IDs', { short: 'q' }),
};

export const command = defineCommand({
  usage: 'images [OPTIONS] [REPOSITORY[:TAG]]',
  flags: flagTable,
  arguments: { least: 0, most: 1 },
  async run({ flags, args, client }: CommandCall<typeof flagTable>) {
    const filters = [...flags.filter, ...args.map((pattern) => `reference=${pattern}`)];
    const images = [...(await client.images.list())].sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1));
    const options = { now: Date.now(), truncate: !flags['no-trunc'] };
    const rows = images.flatMap((image) => imageRows(image, options)).filter((row) => matchesImage(row, filters));
    const columns = flags.digests ? imageHeaders.withDigests : imageHeaders.columns;
    await printRows(flags.quiet ? onePerImage(rows) : rows, {
      format: flags.format,
      only: flags.quiet ? 'ID' : undefined,
      columns,
      headers: imageHeaders.headers,
    });
  },
});

/** An image with three names is one id. */
function onePerImage<T extends { readonly ID: string }>(rows: readonly T[]): readonly T[] {
  return [...new Map(rows.map((row) => [row.ID, row])).values()];
}
