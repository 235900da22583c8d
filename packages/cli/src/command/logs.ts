import { argument, type CommandCall, defineCommand } from '../command.ts';
import { parseWholeNumber, switchFlag, textFlag, valueFlag } from '../flag/spec.ts';
import { writeOutput } from '../print/output.ts';

const flagTable = {
  follow: switchFlag('Follow log output', { short: 'f' }),
  since: textFlag('Show logs since a timestamp (e.g. "2026-01-02T13:23:37Z") or a span (e.g. "42m")'),
  tail: valueFlag('Number of lines to show from the end of the logs (default "all")', parseTail, { short: 'n' }),
  timestamps: switchFlag('Show timestamps', { short: 't' }),
  until: textFlag('Show logs before a timestamp (e.g. "2026-01-02T13:23:37Z") or a span (e.g. "42m")'),
};

export const command = defineCommand({
  usage: 'logs [OPTIONS] CONTAINER',
  flags: flagTable,
  arguments: { least: 1, most: 1 },
  async run({ flags, args, client }: CommandCall<typeof flagTable>) {
    for await (const { stream, bytes } of client.containers.logs(argument(args, 0), flags)) {
      await writeOutput(stream === 'stdout' ? 1 : 2, bytes);
    }
  },
});

/** Docker shows all for a negative number. */
function parseTail(text: string): number | undefined {
  if (text === 'all') return undefined;
  const lines = parseWholeNumber(text);
  return lines < 0 ? undefined : lines;
}
