import { BerthError } from '@berth/model/error';
import type { BlobHolders, GcResult } from '@berth/wire/native/api';
import { type CommandCall, defineCommand } from '../command.ts';
import { textFlag, valueFlag } from '../flag/spec.ts';
import { print } from '../print/output.ts';
import { reclaimed } from '../print/pruned.ts';

const flagTable = {
  explain: textFlag('Say what holds a blob, or every blob of an image, and by which way', {
    placeholder: 'digest|image',
  }),
  format: valueFlag("Format output: 'json'", parseFormat),
};

export const command = defineCommand({
  usage: 'gc [OPTIONS]',
  flags: flagTable,
  arguments: { least: 0, most: 0 },
  async run({ flags: { explain, format }, client }: CommandCall<typeof flagTable>) {
    if (explain === undefined) {
      const result = await client.system.collect();
      print(format === 'json' ? `${JSON.stringify(result)}\n` : collected(result));
      return;
    }
    const blobs = await client.system.whatHolds(explain);
    print(format === 'json' ? `${JSON.stringify(blobs)}\n` : blobs.map(explained).join('\n'));
  },
});

function collected({ blobs, snapshots, freed }: GcResult): string {
  const lines = [
    ...blobs.map((digest) => `deleted: ${digest}\n`),
    ...snapshots.map((key) => `deleted layer: ${key}\n`),
  ];
  return `${lines.join('')}${reclaimed(freed)}`;
}

/** The blob, below it who holds it, below each of them the way from there to the blob. */
function explained({ digest, holders }: BlobHolders): string {
  if (holders.length === 0) return `${digest}\n  held by nothing: the next collection takes it\n`;
  // Namespaces that share their images hold the same by the same way.
  const same = Map.groupBy(holders, ({ kind, name, path }) => JSON.stringify([kind, name, path]));
  const lines = [...same.values()].map((group) => {
    const { kind, name, path } = group[0]!;
    const namespaces = group.map(({ namespace }) => namespace).join(', ');
    const way = path.filter((step) => step !== digest).map((step) => `    through ${step}\n`);
    return `  ${kind} ${name} in ${namespaces}\n${way.join('')}`;
  });
  return `${digest}\n${lines.join('')}`;
}

function parseFormat(text: string): 'json' {
  if (text === 'json') return text;
  throw new BerthError('invalid_argument', `'${text}' is not a format`, { hint: "the only one is 'json'" });
}
