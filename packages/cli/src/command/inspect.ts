import { BerthError, isKind } from '@berth/model/error';
import type { BerthClient } from '@berth/sdk/client';
import { type CommandCall, defineCommand } from '../command.ts';
import { textFlag, valueFlag } from '../flag/spec.ts';
import { containerInspection } from '../inspect-container.ts';
import { imageInspection } from '../inspect-image.ts';
import { printFound } from '../print/found.ts';

type Kind = 'container' | 'image';

const flagTable = {
  format: textFlag("'json' or a Go template", { short: 'f' }),
  type: valueFlag('Only inspect objects of the given type: container or image', parseKind),
};

/** Fields have docker's names, because users write them in `--format`; a few of our own come after them. */
export const command = defineCommand({
  usage: 'inspect [OPTIONS] NAME|ID [NAME|ID...]',
  flags: flagTable,
  arguments: { least: 1 },
  run: ({ flags: { format, type }, args, client }: CommandCall<typeof flagTable>) =>
    printFound(args, (ref) => inspect(client, ref, type), format),
});

/** A container of that name wins over an image, as docker has it. */
async function inspect(client: BerthClient, ref: string, kind: Kind | undefined): Promise<unknown> {
  if (kind !== 'image') {
    try {
      return containerInspection(await client.containers.inspect(ref));
    } catch (error) {
      if (kind === 'container' || !isKind(error, 'not_found')) throw error;
    }
  }
  try {
    return imageInspection(await client.images.inspect(ref));
  } catch (error) {
    if (kind === 'image' || !isKind(error, 'not_found')) throw error;
    throw new BerthError('not_found', `no such object: ${ref}`, {
      hint: "see 'berth ps -a' and 'berth images'",
      cause: error,
    });
  }
}

function parseKind(text: string): Kind {
  if (text === 'container' || text === 'image') return text;
  throw new BerthError('invalid_argument', `unknown type: "${text}" must be one of "container" or "image"`);
}
