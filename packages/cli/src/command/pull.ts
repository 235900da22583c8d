import { BerthError } from '@berth/model/error';
import { parseReference } from '@berth/model/reference';
import { argument, type CommandCall, defineCommand } from '../command.ts';
import { listFlag, switchFlag } from '../flag/spec.ts';
import { print } from '../print/output.ts';
import { progressFlags, progressMode } from '../progress/open-display.ts';
import { pullImage, pullReport } from '../pull-image.ts';
import { credentialFlags } from '../registry/credentials.ts';

const flagTable = {
  'all-platforms': switchFlag('Bring every platform of a multi-platform image'),
  'all-tags': switchFlag('Download all tagged images in the repository', { short: 'a' }),
  platform: listFlag('Bring the image for this platform (os/architecture[/variant])', { placeholder: 'string' }),
  ...progressFlags,
  ...credentialFlags,
};

export const command = defineCommand({
  usage: 'pull [OPTIONS] NAME[:TAG|@DIGEST]',
  flags: flagTable,
  arguments: { least: 1, most: 1 },
  async run({ flags, args, client, env }: CommandCall<typeof flagTable>) {
    const ref = argument(args, 0);
    const allTags = flags['all-tags'];
    const hasTag = /[:@]/.test(ref.slice(ref.lastIndexOf('/') + 1));
    if (allTags && hasTag) throw new BerthError('invalid_argument', "tag can't be used with --all-tags/-a");
    // Before anything is told.
    parseReference(ref);
    const mode = progressMode(flags);
    const told = mode !== 'quiet' && mode !== 'json';
    if (told && !allTags && !hasTag) print('Using default tag: latest\n');
    const wish = { ref, mode, allTags, platforms: wantedPlatforms(flags), credentials: flags };
    const report = pullReport(ref, await pullImage(client, wish, env), allTags);
    if (told) print(report);
    // The full name alone: what a script goes on with.
    else if (mode === 'quiet') print(`${report.trimEnd().split('\n').at(-1)}\n`);
  },
});

function wantedPlatforms(flags: CommandCall<typeof flagTable>['flags']): readonly string[] | undefined {
  const named = flags.platform.flatMap((text) => text.split(','));
  if (!flags['all-platforms']) return named.length === 0 ? undefined : named;
  if (named.length === 0) return ['all'];
  throw new BerthError('invalid_argument', 'conflicting options: --platform and --all-platforms');
}
