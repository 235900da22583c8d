import { type CommandCall, defineCommand } from '../../command.ts';
import { textFlag } from '../../flag/spec.ts';
import { printFound } from '../../print/found.ts';

const flagTable = { format: textFlag("'json' or a Go template", { short: 'f' }) };

export const command = defineCommand({
  usage: 'pod inspect [OPTIONS] POD [POD...]',
  flags: flagTable,
  arguments: { least: 1 },
  run: ({ flags: { format }, args, client }: CommandCall<typeof flagTable>) =>
    printFound(args, (ref) => client.pods.inspect(ref), format),
});
