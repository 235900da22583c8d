import type { HistoryEntry } from '@berth/wire/native/api';
import { argument, type CommandCall, defineCommand } from '../command.ts';
import { switchFlag, textFlag } from '../flag/spec.ts';
import { decimalSize } from '../print/human-size.ts';
import { humanSince } from '../print/human-time.ts';
import { printRows, type Row } from '../print/rows.ts';
import { shortId } from '../print/short-id.ts';
import { ellipsis } from '../print/table.ts';

const flagTable = {
  format: textFlag("Format output: 'table', 'table TEMPLATE', 'json' or a Go template"),
  human: switchFlag('Print sizes and dates in human readable format', { short: 'H', initial: true }),
  'no-trunc': switchFlag("Don't truncate output"),
  platform: textFlag('Show history of this platform (os/architecture[/variant])'),
  quiet: switchFlag('Only show image IDs', { short: 'q' }),
};

/** As wide as docker shows a step. */
const stepWidth = 45;

export const command = defineCommand({
  usage: 'history [OPTIONS] IMAGE',
  flags: flagTable,
  arguments: { least: 1, most: 1 },
  async run({ flags, args, client }: CommandCall<typeof flagTable>) {
    const steps = await client.images.history(argument(args, 0), { platform: flags.platform });
    const options = { now: Date.now(), human: flags.human, truncate: !flags['no-trunc'] };
    await printRows(
      steps.map((step) => historyRow(step, options)),
      {
        format: flags.format,
        only: flags.quiet ? 'ID' : undefined,
        columns: [
          ['IMAGE', 'ID'],
          ['CREATED', flags.human ? 'CreatedSince' : 'CreatedAt'],
          ['CREATED BY', 'CreatedBy'],
          ['SIZE', 'Size'],
          ['COMMENT', 'Comment'],
        ],
        headers: { CreatedSince: 'CREATED', CreatedAt: 'CREATED AT' },
      },
    );
  },
});

interface RowOptions {
  readonly now: number;
  readonly human: boolean;
  readonly truncate: boolean;
}

function historyRow({ id, createdAt, createdBy, size, comment }: HistoryEntry, options: RowOptions): Row {
  const { now, human, truncate } = options;
  const step = createdBy.replaceAll('\t', ' ');
  return {
    ID: id === undefined ? '<missing>' : truncate ? shortId(id) : id,
    CreatedSince: human ? humanSince(createdAt, now) || 'N/A' : createdAt,
    CreatedAt: createdAt,
    CreatedBy: truncate ? ellipsis(step, stepWidth) : step,
    Size: human ? decimalSize(size) : String(size),
    Comment: comment,
  };
}
