import { type CommandCall, defineCommand } from '../../command.ts';
import { switchFlag, textFlag } from '../../flag/spec.ts';
import { printRows } from '../../print/rows.ts';

const flagTable = {
  format: textFlag("Format output: 'table', 'table TEMPLATE', 'json' or a Go template"),
  quiet: switchFlag('Only show names', { short: 'q' }),
};

export const command = defineCommand({
  usage: 'namespace ls [OPTIONS]',
  flags: flagTable,
  arguments: { least: 0, most: 0 },
  async run({ flags: { format, quiet }, client }: CommandCall<typeof flagTable>) {
    const rows = (await client.namespaces.list()).map(({ name, shareGroup, labels }) => ({
      Name: name,
      ShareGroup: shareGroup,
      Labels: Object.entries(labels)
        .map(([key, value]) => `${key}=${value}`)
        .join(','),
    }));
    await printRows(rows, {
      format,
      only: quiet ? 'Name' : undefined,
      columns: [
        ['NAME', 'Name'],
        ['SHARE GROUP', 'ShareGroup'],
        ['LABELS', 'Labels'],
      ],
    });
  },
});
