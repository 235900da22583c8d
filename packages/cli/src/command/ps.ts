import { type CommandCall, defineCommand } from '../command.ts';
import { containerHeaders, containerRow } from '../container-row.ts';
import { listFlag, numberFlag, switchFlag, textFlag } from '../flag/spec.ts';
import { printRows } from '../print/rows.ts';
import { parseFilter } from '../value/key-value.ts';

const flagTable = {
  all: switchFlag('Show all containers (default shows just running)', { short: 'a' }),
  filter: listFlag(
    'Filter output: id, name, status, label, ancestor, exited, pod',
    { short: 'f', placeholder: 'filter' },
    parseFilter,
  ),
  format: textFlag("Format output: 'table', 'table TEMPLATE', 'json' or a Go template"),
  last: numberFlag('Show n last created containers (includes all states)', { short: 'n' }),
  latest: switchFlag('Show the latest created container (includes all states)', { short: 'l' }),
  'no-trunc': switchFlag("Don't truncate output"),
  quiet: switchFlag('Only display container IDs', { short: 'q' }),
};

export const command = defineCommand({
  usage: 'ps [OPTIONS]',
  flags: flagTable,
  arguments: { least: 0, most: 0 },
  async run({ flags, client }: CommandCall<typeof flagTable>) {
    const last = flags.latest ? 1 : flags.last !== undefined && flags.last > 0 ? flags.last : undefined;
    // A filter by state means containers of that state, running or not.
    const byState = flags.filter.some((filter) => /^(status|exited)=/.test(filter));
    const all = flags.all || last !== undefined || byState;
    const containers = await client.containers.list({ all, filters: flags.filter });
    const shown = containers.slice(0, last);
    const options = { now: Date.now(), truncate: !flags['no-trunc'] };
    const { columns, withPods, headers } = containerHeaders;
    await printRows(
      shown.map((container) => containerRow(container, options)),
      {
        format: flags.format,
        only: flags.quiet ? 'ID' : undefined,
        columns: shown.some(({ pod }) => pod !== undefined) ? withPods : columns,
        headers,
      },
    );
  },
});
