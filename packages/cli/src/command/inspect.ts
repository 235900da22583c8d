import { BerthError, isKind } from '@berth/model/error';
import type { BerthClient } from '@berth/sdk/client';
import { type CommandCall, defineCommand } from '../command.ts';
import { textFlag, valueFlag } from '../flag/spec.ts';
import { containerInspection } from '../inspect-container.ts';
import { imageInspection } from '../inspect-image.ts';
import { print } from '../print/output.ts';
import { reportError } from '../report-error.ts';

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
  async run({ flags: { format, type }, args, client }: CommandCall<typeof flagTable>) {
    const found: unknown[] = [];
    const failures: unknown[] = [];
    for (const ref of args)
      await inspect(client, ref, type).then(
        (value) => found.push(value),
        (error) => failures.push(error),
      );
    // As docker: what was found is printed, also beside failures.
    if (format === undefined) print(`${JSON.stringify(found, undefined, 4)}\n`);
    else if (found.length > 0) print(await formatted(found, format));
    for (const error of failures) reportError(error);
    return failures.length === 0 ? 0 : 1;
  },
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

async function formatted(values: readonly unknown[], format: string): Promise<string> {
  if (format === 'json') return values.map((value) => `${JSON.stringify(value)}\n`).join('');
  const { compileTemplate, unescapeFormat } = await import('../print/template.ts');
  const template = compileTemplate(unescapeFormat(format));
  return values.map((value) => `${template.render(value)}\n`).join('');
}

function parseKind(text: string): Kind {
  if (text === 'container' || text === 'image') return text;
  throw new BerthError('invalid_argument', `unknown type: "${text}" must be one of "container" or "image"`);
}
