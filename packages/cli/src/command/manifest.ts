import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { BerthError } from '@berth/model/error';
import type { Descriptor } from '@berth/model/manifest';
import type { Location } from '@berth/image/medium/location';
import type { MediumAccess } from '@berth/image/medium/open';
import { argument, type CommandCall, defineCommand } from '../command.ts';
import { sideAccess } from '../copy/side.ts';
import { switchFlag, textFlag } from '../flag/spec.ts';
import { interruptible } from '../on-interrupt.ts';
import { print, writeOutput } from '../print/output.ts';
import { credentialFlags } from '../registry/credentials.ts';
import { registryFlags } from '../registry/with-registry.ts';

const flagTable = {
  digest: switchFlag('Print the digest only'),
  'daemon-host': textFlag('The dockerd to ask (DOCKER_HOST)', { placeholder: 'host' }),
  containerd: textFlag('Socket of containerd (CONTAINERD_ADDRESS)', { placeholder: 'address' }),
  ...registryFlags,
  ...credentialFlags,
};

type Call = CommandCall<typeof flagTable>;

/** The manifest or index that a name points at, byte for byte, from wherever `copy` can read. */
export const command = defineCommand({
  usage: 'manifest [OPTIONS] IMAGE',
  flags: flagTable,
  arguments: { least: 1, most: 1 },
  async run(call: Call) {
    const { parseLocation } = await import('../image-work.ts');
    const location = parseLocation(argument(call.args, 0));
    return await interruptible((signal) => printManifest(call, location, signal));
  },
});

async function printManifest(call: Call, location: Location, signal: AbortSignal): Promise<void> {
  if (location.medium === 'berth') await call.client.ping({ signal });
  await using open = new AsyncDisposableStack();
  const scratch = await mkdtemp(path.join(os.tmpdir(), 'berth-manifest-'));
  open.defer(() => rm(scratch, { recursive: true, force: true }));
  const access = await manifestAccess(call, location, { signal, scratch, open });
  const { openSource } = await import('../image-work.ts');
  await using source = await openSource(location, access);
  const target = onlyOne(await source.images(signal), source.title);
  if (call.flags.digest) print(`${target.digest}\n`);
  else await writeOutput(1, await source.document(target, signal));
}

async function manifestAccess(
  { flags, place, env }: Call,
  location: Location,
  rest: { readonly signal: AbortSignal; readonly scratch: string; readonly open: AsyncDisposableStack },
): Promise<MediumAccess> {
  const wish = {
    creds: flags.creds,
    'password-stdin': flags['password-stdin'],
    tlsVerify: flags['tls-verify'],
    daemonHost: flags['daemon-host'],
    containerd: flags.containerd,
    authfile: flags.authfile,
    hostFolders: flags['hosts-dir'],
  };
  return await sideAccess(wish, location, { ...rest, env, berthSocket: place.socket });
}

function onlyOne(images: readonly { readonly target: Descriptor }[], title: string): Descriptor {
  const [first, second] = images;
  if (first === undefined) throw new BerthError('not_found', `${title} holds no image`, { code: 'no_images' });
  if (second === undefined) return first.target;
  throw new BerthError('invalid_argument', `${title} holds ${images.length} images`, {
    code: 'several_images',
    hint: 'name one of them after a colon',
  });
}
