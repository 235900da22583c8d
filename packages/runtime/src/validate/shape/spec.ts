import type { HookSpec, HooksSpec, MountSpec, RuntimeSpec } from '@berth/model/runtime-spec';
import { bool, freeText, integer, list, map, object, optionalText, text } from './guard.ts';
import { idMappings, linuxShape } from './linux.ts';
import { processShape } from './process.ts';

const mount = object<MountSpec>(
  {
    destination: text,
    type: optionalText,
    source: optionalText,
    options: list(text),
    uidMappings: idMappings,
    gidMappings: idMappings,
  },
  { required: ['destination'] },
);

const hooks = list(
  object<HookSpec>(
    { path: text, args: list(text), env: list(text), timeout: integer(1, 2 ** 31 - 1) },
    { required: ['path'] },
  ),
);

/**
 * A whole config.json, config.md. Sections of other systems are not looked at. Empty texts of optional members are
 * left out: tools written in Go mean the same by them.
 */
export const specShape = object<RuntimeSpec>(
  {
    ociVersion: text,
    hostname: optionalText,
    domainname: optionalText,
    process: processShape,
    root: object<RuntimeSpec['root']>({ path: text, readonly: bool }, { required: ['path'] }),
    mounts: list(mount),
    hooks: object<HooksSpec>({
      prestart: hooks,
      createRuntime: hooks,
      createContainer: hooks,
      startContainer: hooks,
      poststart: hooks,
      poststop: hooks,
    }),
    annotations: map(freeText),
    linux: linuxShape,
  },
  { required: ['ociVersion', 'process', 'root'], defaults: { mounts: [], linux: { namespaces: [] } } },
);
