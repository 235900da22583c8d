import { type CommandCall, defineCommand } from '../../command.ts';
import { switchFlag, textFlag } from '../../flag/spec.ts';
import { printRows } from '../../print/rows.ts';

const flagTable = {
  format: textFlag("Format output: 'table', 'table TEMPLATE', 'json' or a Go template"),
  quiet: switchFlag('Only show ids', { short: 'q' }),
};

export const command = defineCommand({
  usage: 'lease ls [OPTIONS]',
  flags: flagTable,
  arguments: { least: 0, most: 0 },
  async run({ flags: { format, quiet }, client }: CommandCall<typeof flagTable>) {
    const rows = (await client.leases.list()).map(({ id, createdAt, expiresAt, labels }) => ({
      ID: id,
      CreatedAt: createdAt,
      ExpiresAt: expiresAt ?? '',
      Labels: Object.entries(labels)
        .map(([key, value]) => `${key}=${value}`)
        .join(','),
    }));
    await printRows(rows, {
      format,
      only: quiet ? 'ID' : undefined,
      columns: [
        ['LEASE ID', 'ID'],
        ['CREATED AT', 'CreatedAt'],
        ['EXPIRES AT', 'ExpiresAt'],
        ['LABELS', 'Labels'],
      ],
    });
  },
});
