import { parseRanges } from '@berth/model/address-range';
import { asError, BerthError } from '@berth/model/error';
import type { NetworkSettings } from '#service/network/settings';
import * as v from 'valibot';

const absolutePath = v.pipe(v.string(), v.startsWith('/', 'must be an absolute path'));

/** IFNAMSIZ of net/if.h, less the NUL; what the kernel refuses besides, and a colon, which tools read as an alias. */
const deviceName = v.pipe(
  v.string(),
  v.regex(/^(?!\.{1,2}$)[^\s/:]{1,15}$/, 'is the name of a network device: at most 15 bytes'),
);

/** `[network]` in berthd.toml. */
export const networkSchema = v.strictObject({
  builtin: v.optional(v.boolean()),
  cni_conf: v.optional(absolutePath),
  cni_bin: v.optional(v.pipe(v.array(absolutePath), v.minLength(1, 'names no folder'))),
  cni_cache: v.optional(absolutePath),
  cni_template: v.optional(absolutePath),
  subnet: v.optional(v.string()),
  bridge: v.optional(deviceName),
});

/** @throws invalid_argument naming the key */
export function readNetworkSettings(settings: v.InferOutput<typeof networkSchema> = {}): NetworkSettings {
  return {
    builtin: settings.builtin ?? false,
    confFolder: settings.cni_conf ?? '/etc/cni/net.d',
    binFolders: settings.cni_bin ?? ['/opt/cni/bin', '/usr/lib/cni'],
    cacheFolder: settings.cni_cache,
    template: settings.cni_template,
    subnet: checkSubnet(settings.subnet ?? '10.88.0.0/16'),
    bridge: settings.bridge ?? 'berth0',
  };
}

function checkSubnet(subnet: string): string {
  try {
    return parseRanges(subnet)
      .map(({ text }) => text)
      .join(',');
  } catch (cause) {
    throw new BerthError('invalid_argument', `network.subnet: ${asError(cause).message}`, {
      code: 'bad_configuration',
      cause,
    });
  }
}
