import { BerthError } from '@berth/model/error';
import { listFlag, numberFlag, switchFlag, textFlag, valueFlag } from '../flag/spec.ts';
import { progressFlags } from '../progress/open-display.ts';
import { hostFolderFlags } from '../registry/open-client.ts';

/** Skopeo's words where it has them. */
export const copyFlags = {
  'additional-tag': listFlag('A further name for the image at the destination (repeatable)', { placeholder: 'name' }),
  all: switchFlag('Copy every platform of a multi-platform image', { short: 'a' }),
  authfile: textFlag("File of credentials for both sides, as docker's config.json (REGISTRY_AUTH_FILE)", {
    placeholder: 'file',
  }),
  'dest-compress': switchFlag('Compress layers that are not (gzip)'),
  'dest-compress-format': valueFlag('Compress layers like this: gzip or zstd', parseCompression),
  digestfile: textFlag("Write the image's digest to this file", { placeholder: 'file' }),
  format: valueFlag("Media types at the destination: oci, instead of the source's", parseFormat),
  platform: listFlag('Copy these platforms, separated by commas (os/architecture[/variant])', {
    placeholder: 'string',
  }),
  'preserve-digests': switchFlag('Fail where a digest would change'),
  'retry-times': numberFlag('Try again so often after failures that may pass (3)'),
  retry: numberFlag('', { hidden: true }),
  ...sideFlags('src', 'source'),
  ...sideFlags('dest', 'destination'),
  ...hostFolderFlags,
  ...progressFlags,
};

type Side = 'src' | 'dest';

type SideFlags<S extends Side> = {
  readonly [K in 'creds' | 'daemon-host' | 'containerd' as `${S}-${K}`]: ReturnType<typeof textFlag>;
} & { readonly [K in `${S}-tls-verify` | `${S}-password-stdin`]: ReturnType<typeof switchFlag> };

function sideFlags<const S extends Side>(side: S, name: string): SideFlags<S> {
  return {
    [`${side}-creds`]: textFlag(`Credentials of the ${name}'s registry; a missing password is asked for`, {
      placeholder: 'user[:password]',
    }),
    [`${side}-password-stdin`]: switchFlag(`Take the password of --${side}-creds from standard input`),
    [`${side}-tls-verify`]: switchFlag(`Ask the ${name}'s registry for https with a good certificate`, {
      initial: true,
    }),
    [`${side}-daemon-host`]: textFlag(`The ${name}'s dockerd (DOCKER_HOST)`, { placeholder: 'host' }),
    [`${side}-containerd`]: textFlag(`Socket of the ${name}'s containerd (CONTAINERD_ADDRESS)`, {
      placeholder: 'address',
    }),
  } as unknown as SideFlags<S>;
}

function parseCompression(text: string): 'gzip' | 'zstd' {
  if (text === 'gzip' || text === 'zstd') return text;
  throw new BerthError('invalid_argument', `'${text}' is neither gzip nor zstd`);
}

function parseFormat(text: string): 'oci' {
  if (text === 'oci') return text;
  throw new BerthError('invalid_argument', `'${text}' is not a format`, { hint: "the only one is 'oci'" });
}
