import { type CommandCall, defineCommand } from '../../command.ts';
import { listFlag, valueFlag } from '../../flag/spec.ts';
import { print } from '../../print/output.ts';
import { parseSpan } from '../../value/moment.ts';
import { parseLabels } from '../../value/key-value.ts';

const flagTable = {
  label: listFlag('Set a label', { short: 'l' }),
  ttl: valueFlag('End it after this time (30m, 24h); without it, it has no end', parseSpan, {
    placeholder: 'duration',
  }),
};

/** What is written under a lease is kept until it ends. */
export const command = defineCommand({
  usage: 'lease create [OPTIONS] [ID]',
  flags: flagTable,
  arguments: { least: 0, most: 1 },
  async run({ flags: { label, ttl }, args, client }: CommandCall<typeof flagTable>) {
    const { id } = await client.leases.create({
      ...(args[0] === undefined ? {} : { id: args[0] }),
      ...(ttl === undefined ? {} : { ttl }),
      ...(label.length === 0 ? {} : { labels: parseLabels(label) }),
    });
    print(`${id}\n`);
  },
});
