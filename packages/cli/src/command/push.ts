import { BerthError } from '@berth/model/error';
import { parseReference } from '@berth/model/reference';
import { argument, type CommandCall, defineCommand } from '../command.ts';
import { listFlag, switchFlag } from '../flag/spec.ts';
import { print } from '../print/output.ts';
import { followProgress } from '../progress/follow.ts';
import { progressFlags, progressMode } from '../progress/open-display.ts';
import { credentialFlags, registryAuth } from '../registry/credentials.ts';

const flagTable = {
  'all-tags': switchFlag('Push all tags of an image to the repository', { short: 'a' }),
  platform: listFlag('Push this platform of a multi-platform image only (os/architecture[/variant])', {
    placeholder: 'string',
  }),
  ...progressFlags,
  ...credentialFlags,
};

export const command = defineCommand({
  usage: 'push [OPTIONS] NAME[:TAG]',
  flags: flagTable,
  arguments: { least: 1, most: 1 },
  async run({ flags, args, client, env }: CommandCall<typeof flagTable>) {
    const ref = argument(args, 0);
    const allTags = flags['all-tags'];
    const hasTag = /[:@]/.test(ref.slice(ref.lastIndexOf('/') + 1));
    if (allTags && hasTag) throw new BerthError('invalid_argument', "tag can't be used with --all-tags/-a");
    const { domain, path } = parseReference(ref);
    const mode = progressMode(flags);
    const told = mode !== 'quiet' && mode !== 'json';
    if (told && !allTags && !hasTag) print('Using default tag: latest\n');
    if (told) print(`The push refers to repository [${domain}/${path}]\n`);
    const auth = await registryAuth(domain, flags, env);
    const platforms = flags.platform.flatMap((text) => text.split(','));
    const events = client.images.push(ref, {
      auth,
      ...(allTags ? { allTags } : {}),
      ...(platforms.length === 0 ? {} : { platforms }),
    });
    const { images } = await followProgress(events, { mode, outcome: 'pushed' });
    if (mode === 'json') return;
    for (const { name, id } of images) {
      const { tag, name: full } = parseReference(name);
      print(mode === 'quiet' ? `${full}\n` : `${tag ?? name}: digest: ${id}\n`);
    }
  },
});
