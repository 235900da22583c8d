import { BerthError } from '@berth/model/error';
import { argument, type CommandCall, defineCommand } from '../command.ts';
import { numberFlag, switchFlag, textFlag } from '../flag/spec.ts';
import { printRows } from '../print/rows.ts';
import { credentialFlags } from '../registry/credentials.ts';
import { withRegistry, registryFlags } from '../registry/with-registry.ts';

const flagTable = {
  format: textFlag("Format output: 'table', 'table TEMPLATE', 'json' or a Go template"),
  limit: numberFlag('Max number of search results (25)'),
  'no-trunc': switchFlag('', { hidden: true }),
  ...registryFlags,
  ...credentialFlags,
};

/** Looks through the names that a registry lists. Docker Hub has a search of its own, which no registry shares. */
export const command = defineCommand({
  usage: 'search [OPTIONS] HOST[/TERM]',
  flags: flagTable,
  arguments: { least: 1, most: 1 },
  async run({ flags, args, env }: CommandCall<typeof flagTable>) {
    const { host, term } = searchPlace(argument(args, 0));
    const limit = flags.limit ?? 25;
    const found: { Name: string }[] = [];
    const code = await withRegistry({ host, flags, env }, async (client, signal) => {
      for await (const name of client.catalog(host, signal)) {
        if (found.length >= limit) break;
        if (name.includes(term)) found.push({ Name: `${host}/${name}` });
      }
    });
    if (code !== 0) return code;
    await printRows(found, { format: flags.format, columns: [['NAME', 'Name']] });
    return 0;
  },
});

function searchPlace(text: string): { readonly host: string; readonly term: string } {
  const [, host = '', term = ''] = /^([^/]+)(?:\/([^]*))?$/.exec(text) ?? [];
  if (/[.:]/.test(host) || host === 'localhost') return { host, term };
  throw new BerthError('invalid_argument', `'${text}' names no registry to search`, {
    code: 'no_host',
    hint: `name one that lists its repositories: berth search localhost:5000/${text}`,
  });
}
