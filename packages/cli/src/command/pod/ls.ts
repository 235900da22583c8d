import { type CommandCall, defineCommand } from '../../command.ts';
import { listFlag, switchFlag, textFlag } from '../../flag/spec.ts';
import { podHeaders, podRow } from '../../pod-row.ts';
import { printRows } from '../../print/rows.ts';
import { parseFilter } from '../../value/key-value.ts';

const flagTable = {
  filter: listFlag(
    'Filter output: id, name, namespace, status (ready, not_ready), label',
    { short: 'f', placeholder: 'filter' },
    parseFilter,
  ),
  format: textFlag("Format output: 'table', 'table TEMPLATE', 'json' or a Go template"),
  'no-trunc': switchFlag("Don't truncate output"),
  quiet: switchFlag('Only display pod IDs', { short: 'q' }),
};

export const command = defineCommand({
  usage: 'pods [OPTIONS]',
  flags: flagTable,
  arguments: { least: 0, most: 0 },
  async run({ flags, client }: CommandCall<typeof flagTable>) {
    const options = { now: Date.now(), truncate: !flags['no-trunc'] };
    const pods = await client.pods.list({ filters: flags.filter });
    await printRows(
      pods.map((pod) => podRow(pod, options)),
      { format: flags.format, only: flags.quiet ? 'ID' : undefined, ...podHeaders },
    );
  },
});
