import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { BerthError } from '@berth/model/error';
import { familiarName, parseReference } from '@berth/model/reference';
import { parsePlatform } from '@berth/model/platform';
import type { CopyOptions, CopyResult } from '@berth/image/copy/contract';
import type { Location } from '@berth/image/medium/location';
import { argument, type CommandCall, defineCommand } from '../command.ts';
import { copyFlags } from '../copy/flags.ts';
import { sideAccess, type SidePlace } from '../copy/side.ts';
import { interruptible } from '../on-interrupt.ts';
import { decimalSize } from '../print/human-size.ts';
import { print } from '../print/output.ts';
import { openDisplay, progressMode } from '../progress/open-display.ts';

type Call = CommandCall<typeof copyFlags>;
type Wish = Omit<CopyOptions, 'signal' | 'onProgress' | 'scratch'>;

/** The work is done here, in this process: it needs no daemon, unless one of the places is the daemon's store. */
export const command = defineCommand({
  usage: 'copy [OPTIONS] SOURCE DESTINATION',
  flags: copyFlags,
  arguments: { least: 2, most: 2 },
  async run(call: Call) {
    const wish = copyWish(call.flags);
    return await interruptible(async (signal) => {
      const result = await copy(call, wish, signal);
      writeDigest(call.flags.digestfile, result);
      if (!['quiet', 'json'].includes(progressMode(call.flags))) print(copyReport(result));
    });
  },
});

async function copy(call: Call, wish: Wish, signal: AbortSignal): Promise<CopyResult> {
  const { copyImages, openSource, openTarget, parseLocation } = await import('../image-work.ts');
  const from = parseLocation(argument(call.args, 0));
  const to = parseLocation(argument(call.args, 1));
  // The store's door is the daemon's: it is started where it is needed, and only there.
  if (from.medium === 'berth' || to.medium === 'berth') await call.client.ping({ signal });
  await using open = new AsyncDisposableStack();
  const scratch = await mkdtemp(path.join(os.tmpdir(), 'berth-copy-'));
  open.defer(() => rm(scratch, { recursive: true, force: true }));
  const [sourceAccess, targetAccess] = await bothAccesses(call, { from, to }, { signal, scratch, open });
  const source = open.use(await openSource(from, sourceAccess));
  const target = open.use(await openTarget(to, targetAccess));
  using display = openDisplay(progressMode(call.flags));
  const onProgress: CopyOptions['onProgress'] = (step) => display.show(step);
  const result = await copyImages(source, target, { ...wish, signal, scratch, onProgress });
  display.finish?.({ copied: result });
  return result;
}

async function bothAccesses(
  { flags, place, env }: Call,
  { from, to }: { readonly from: Location; readonly to: Location },
  rest: Pick<SidePlace, 'signal' | 'scratch' | 'open'>,
): Promise<readonly [Awaited<ReturnType<typeof sideAccess>>, Awaited<ReturnType<typeof sideAccess>>]> {
  const shared = { authfile: flags.authfile, hostFolders: flags['hosts-dir'] };
  const sidePlace = { ...rest, env, berthSocket: place.socket };
  if (flags['src-password-stdin'] && flags['dest-password-stdin']) {
    throw new BerthError('invalid_argument', 'standard input has one password only: give the other with the user name');
  }
  const source = await sideAccess(
    {
      ...shared,
      creds: flags['src-creds'],
      'password-stdin': flags['src-password-stdin'],
      tlsVerify: flags['src-tls-verify'],
      daemonHost: flags['src-daemon-host'],
      containerd: flags['src-containerd'],
    },
    from,
    sidePlace,
  );
  const target = await sideAccess(
    {
      ...shared,
      creds: flags['dest-creds'],
      'password-stdin': flags['dest-password-stdin'],
      tlsVerify: flags['dest-tls-verify'],
      daemonHost: flags['dest-daemon-host'],
      containerd: flags['dest-containerd'],
    },
    to,
    sidePlace,
  );
  return [source, target];
}

/** @throws invalid_argument */
function copyWish(flags: Call['flags']): Wish {
  const platforms = flags.platform.flatMap((text) => text.split(',')).map(parsePlatform);
  if (flags.all && platforms.length > 0) {
    throw new BerthError('invalid_argument', 'conflicting options: --all and --platform');
  }
  const compress = flags['dest-compress-format'] ?? (flags['dest-compress'] ? 'gzip' : undefined);
  const retries = flags['retry-times'] ?? flags.retry;
  return {
    platforms: flags.all ? 'all' : platforms.length > 0 ? platforms : 'host',
    preserveDigests: flags['preserve-digests'],
    additionalNames: flags['additional-tag'].map((text) => parseReference(text).name),
    ...(compress === undefined ? {} : { compress }),
    ...(flags.format === undefined ? {} : { format: flags.format }),
    ...(retries === undefined ? {} : { retries }),
  };
}

function writeDigest(file: string | undefined, { images }: CopyResult): void {
  if (file !== undefined) writeFileSync(file, images.map(({ digest }) => digest).join('\n'));
}

function copyReport({ images, sent, present }: CopyResult): string {
  const lines = images.map(({ names, digest }) => {
    const name = images.length > 1 ? names[0] : undefined;
    return `${name === undefined ? '' : `${familiarName(name)}: `}Digest: ${digest}\n`;
  });
  const there = present === 0 ? '' : `, ${decimalSize(present)} were there already`;
  return `${lines.join('')}Copied ${decimalSize(sent)}${there}\n`;
}
