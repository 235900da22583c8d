import { posix } from 'node:path';
import type { MountSpec, RuntimeSpec } from '@berth/model/runtime-spec';
import { parseMountOptions } from '../../compile/mount-option.ts';
import { at } from '../finding.ts';
import { namespaceOf } from './namespace.ts';
import type { Rule } from './rule.ts';

interface Place {
  readonly mount: MountSpec;
  readonly path: string;
  readonly isBind: boolean;
  /** Changes what is mounted there already: needs no source and no type. */
  readonly isRemount: boolean;
  readonly options: readonly string[];
}

/** The options of idmapped mounts; they are Berth's and no file system's. */
const idmapOptions = ['idmap', 'ridmap'];
function places({ mounts }: RuntimeSpec): Place[] {
  return mounts.map((mount, index) => {
    const options = mount.options ?? [];
    const isBind =
      options.some((option) => option === 'bind' || option === 'rbind') ||
      mount.type === 'bind' ||
      mount.type === 'rbind';
    return { mount, path: `mounts[${index}]`, isBind, isRemount: options.includes('remount'), options };
  });
}

function wantsMapping({ mount, options }: Place): boolean {
  return (
    mount.uidMappings !== undefined ||
    mount.gidMappings !== undefined ||
    options.some((option) => idmapOptions.includes(option))
  );
}

const destinationRules: readonly Rule<RuntimeSpec>[] = [
  {
    code: 'spec.mount_destination_empty',
    meaning: 'a mount has an empty destination',
    remedy: 'name the place in the container, as an absolute path',
    *find(spec) {
      for (const { mount, path } of places(spec))
        if (mount.destination === '') yield at(`${path}.destination`, 'is empty');
    },
  },
  {
    code: 'spec.mount_destination_relative',
    level: 'warning',
    meaning: 'the destination of a mount is not an absolute path; it is taken as relative to /',
    remedy: 'write it with a leading /: relative destinations are deprecated',
    *find(spec) {
      for (const { mount, path } of places(spec)) {
        if (mount.destination !== '' && !posix.isAbsolute(mount.destination)) {
          yield at(`${path}.destination`, `'${mount.destination}' is taken as relative to /`);
        }
      }
    },
  },
  {
    code: 'spec.mount_on_root',
    meaning: 'a mount has the root itself as destination',
    remedy: 'put the files into root.path instead',
    *find(spec) {
      for (const { mount, path } of places(spec)) {
        if (mount.destination !== '' && posix.resolve('/', mount.destination) === '/') {
          yield at(`${path}.destination`, 'nothing can be mounted on /');
        }
      }
    },
  },
];

const sourceRules: readonly Rule<RuntimeSpec>[] = [
  {
    code: 'spec.mount_type_missing',
    meaning: 'a mount that is no bind mount has no type',
    remedy: 'give the type of the file system, or the option bind or rbind',
    *find(spec) {
      for (const { mount, path, isBind, isRemount } of places(spec)) {
        if (!isBind && !isRemount && (mount.type ?? 'none') === 'none')
          yield at(`${path}.type`, 'a mount needs a type');
      }
    },
  },
  {
    code: 'spec.mount_source_missing',
    meaning: 'a bind mount has no source',
    remedy: 'name the file or folder of the host to show',
    *find(spec) {
      for (const { mount, path, isBind, isRemount } of places(spec)) {
        if (isBind && !isRemount && !mount.source) yield at(`${path}.source`, 'a bind mount needs a source');
      }
    },
  },
  {
    code: 'spec.mount_bind_data',
    meaning: 'a bind mount has options of a file system, which the kernel would ignore',
    remedy: 'remove the option, or mount the file system itself',
    *find(spec) {
      for (const { path, isBind, options } of places(spec)) {
        if (!isBind) continue;
        for (const [index, option] of options.entries()) {
          if (parseMountOptions([option]).data.length > 0) {
            yield at(`${path}.options[${index}]`, `a bind mount knows no option '${option}'`);
          }
        }
      }
    },
  },
  {
    code: 'spec.mount_copyup_not_tmpfs',
    meaning: 'the option `tmpcopyup` is given for something else than a tmpfs',
    remedy: 'remove tmpcopyup, or make the type tmpfs',
    *find(spec) {
      for (const { mount, path, isBind, options } of places(spec)) {
        const index = options.indexOf('tmpcopyup');
        if (index >= 0 && (isBind || mount.type !== 'tmpfs')) {
          yield at(`${path}.options[${index}]`, 'tmpcopyup is for tmpfs only');
        }
      }
    },
  },
];

const idmapRules: readonly Rule<RuntimeSpec>[] = [
  {
    code: 'spec.mount_idmap_not_bind',
    meaning: 'an idmapped mount is no bind mount',
    remedy: 'add the option bind or rbind, or remove the mappings',
    *find(spec) {
      for (const place of places(spec)) {
        if (!place.isBind && wantsMapping(place)) yield at(place.path, 'only bind mounts can be idmapped');
      }
    },
  },
  {
    code: 'spec.mount_idmap_one_sided',
    meaning: 'an idmapped mount has one of `uidMappings` and `gidMappings` only',
    remedy: 'give both, or neither',
    *find(spec) {
      for (const { mount, path } of places(spec)) {
        const [uids, gids] = [mount.uidMappings?.length ?? 0, mount.gidMappings?.length ?? 0];
        if (uids > 0 !== gids > 0) yield at(`${path}.${uids > 0 ? 'gidMappings' : 'uidMappings'}`, 'is missing');
      }
    },
  },
  {
    code: 'spec.mount_idmap_without_mappings',
    meaning: 'an idmapped mount has no mappings, and there is no user namespace to take them from',
    remedy: 'give uidMappings and gidMappings of the mount, or a user namespace',
    *find(spec) {
      if (namespaceOf(spec, 'user') !== undefined) return;
      for (const place of places(spec)) {
        const { mount, path } = place;
        if (wantsMapping(place) && !mount.uidMappings?.length && !mount.gidMappings?.length) {
          yield at(path, 'asks for an id mapping, and there is none');
        }
      }
    },
  },
];

export const mountRules: readonly Rule<RuntimeSpec>[] = [...destinationRules, ...sourceRules, ...idmapRules];
