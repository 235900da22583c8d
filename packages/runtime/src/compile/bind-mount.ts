import { posix } from 'node:path';
import type { IdMapping } from '@berth/model/runtime-spec';
import type { PlanRecord } from '../plan/record.ts';
import { invalid } from './invalid.ts';
import type { MountPlace, MountSetting } from './mount-place.ts';
import type { Bind } from './tree.ts';
import { mapLines } from './user-namespace.ts';

/** A bind mount. When only some attributes are for the whole tree, those are set here and the others by a seal. */
export function bindMount(place: MountPlace, setting: MountSetting): PlanRecord {
  const { mount, destination, options, path } = place;
  const [unknown] = options.data;
  if (unknown !== undefined) {
    throw invalid(`${path}.options`, `unknown option of a bind mount: ${unknown}`);
  }
  const tree = (options.treeSet | options.treeClear) !== 0;
  const map = idMap(place, setting);
  return setting.trees.bind({
    recursive: options.bind === 'rbind' || mount.type === 'rbind' ? 1 : 0,
    set: tree ? options.treeSet : options.set,
    clear: tree ? options.treeClear : options.clear,
    propagation: options.propagation,
    recursiveAttributes: tree ? 1 : 0,
    source: sourceOf(place, setting),
    target: destination,
    path: `${path}.source`,
    ...(map === undefined ? {} : { map }),
  });
}

/** Whether the mount itself has attributes that are not for the tree below it. */
export function mixesAttributes({ options }: MountPlace): boolean {
  const { set, clear, treeSet, treeClear } = options;
  return (treeSet | treeClear) !== 0 && (set !== treeSet || clear !== treeClear);
}

function sourceOf({ mount, path }: MountPlace, { facts }: MountSetting): string {
  const source = mount.source ?? '';
  if (posix.isAbsolute(source)) return source;
  if (source !== '' && facts.bundle !== undefined) return posix.join(facts.bundle, source);
  throw invalid(`${path}.source`, `a bind mount needs an absolute host path, not '${source}'`);
}

/** The ids that an idmapped mount shows: its own maps, or else those of the container's user namespace. */
function idMap({ mount, path, options }: MountPlace, { user }: MountSetting): Bind['map'] {
  const { uidMappings = [], gidMappings = [] } = mount;
  if (uidMappings.length === 0 && gidMappings.length === 0 && options.idmap === undefined) return undefined;
  const recursive = options.idmap === 'ridmap';
  if (uidMappings.length > 0 || gidMappings.length > 0) {
    return {
      uid: given(uidMappings, `${path}.uidMappings`),
      gid: given(gidMappings, `${path}.gidMappings`),
      recursive,
    };
  }
  if (user === undefined || user.uid.length === 0) {
    throw invalid(`${path}.options`, `${options.idmap} needs uidMappings and gidMappings, or a user namespace`);
  }
  return { uid: mapLines(user.uid), gid: mapLines(user.gid), recursive };
}

function given(mappings: readonly IdMapping[], path: string): string {
  if (mappings.length === 0) throw invalid(path, 'an idmapped mount needs both maps');
  return mapLines(mappings);
}
