import {
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  realpathSync,
  rmdirSync,
  statSync,
} from 'node:fs';
import path from 'node:path';
import { mount, umount } from '@berth/addon/mount';
import { attachTree, cloneTree, type FsOption, idmapTree, makeTreeReadonly, newTree } from '@berth/addon/mount-tree';
import { BerthError, errnoName, tolerate } from '@berth/model/error';
import type { IdMapping } from '@berth/model/runtime-spec';
import { containingMount } from '../compile/containing-mount.ts';
import type { RootMount } from '../compile/facts.ts';

/** Trees of files mounted in the daemon's own mount namespace, where the shim finds them. */

export interface IdMaps {
  readonly uidMappings: readonly IdMapping[];
  readonly gidMappings: readonly IdMapping[];
  /** A user namespace with these maps: /proc/PID/ns/user. */
  readonly path: string;
}

/**
 * Mounts a snapshot on a folder, which is made. With `maps` files of the host's root belong to the namespace's root: each
 * layer is shown with mapped ids, because overlayfs itself cannot be; the writable one holds mapped ids.
 * @throws SystemError, failed_precondition (`no_idmapped_layers`); then nothing is mounted
 */
export function mountOnHost(from: RootMount, target: string, maps?: IdMaps): void {
  mkdirSync(target, { recursive: true, mode: 0o700 });
  try {
    if (from.type === 'bind') return bind(from, target, maps);
    const layers = layersOf(from);
    if (maps === undefined) overlay(layers, target);
    else mappedOverlay(layers, target, maps);
  } catch (error) {
    unmountFromHost(target);
    throw error;
  }
}

/** Whether something is mounted on exactly this folder, also another folder of the same file system. */
export function isMountPoint(folder: string): boolean {
  if (!existsSync(folder)) return false;
  // As mountinfo has it: /var/run is a link on most machines.
  const real = realpathSync(folder);
  return containingMount(real) === real;
}

/** Those who have it still keep it. Nothing there is success. */
export function unmountFromHost(target: string): void {
  const scratch = scratchOf(target);
  for (const name of layerFolders(scratch)) {
    while (umount(`${scratch}/${name}`));
    rmdirSync(`${scratch}/${name}`);
  }
  while (umount(target));
  for (const folder of [scratch, target]) tolerate(['ENOENT'], () => rmdirSync(folder));
}

interface Layers {
  /** Top first. */
  readonly lower: readonly string[];
  readonly upper: string | undefined;
  readonly work: string | undefined;
  /** `index=off`. */
  readonly others: readonly string[];
}

/** A snapshot's mount with its paths made absolute. */
function layersOf({ options = [], cwd = '/' }: RootMount): Layers {
  const of = (name: string) => options.find((one) => one.startsWith(`${name}=`))?.slice(name.length + 1);
  const absolute = (place: string | undefined) => (place === undefined ? undefined : path.resolve(cwd, place));
  const known = ['lowerdir', 'upperdir', 'workdir'];
  return {
    lower: (of('lowerdir') ?? '').split(':').map((place) => path.resolve(cwd, place)),
    upper: absolute(of('upperdir')),
    work: absolute(of('workdir')),
    others: options.filter((one) => !known.includes(one.split('=')[0] ?? '')),
  };
}

function overlay({ lower, upper, work, others }: Layers, target: string): void {
  const options: FsOption[] = [
    ...others.map((one) => one.split('=') as [string, string?]),
    ...(upper === undefined ? [] : [['upperdir', upper] as const]),
    ...(work === undefined ? [] : [['workdir', work] as const]),
  ];
  try {
    return attach(newTree('overlay', [...options, ...lower.map((place) => ['lowerdir+', place] as const)]), target);
  } catch (error) {
    // Linux before 6.5 knows one option for all of them, which fsconfig(2) would cut off at 255 bytes.
    if (errnoName(error) !== 'EINVAL') throw error;
  }
  // The level of an SELinux label has a comma.
  const quoted = (value?: string) => (value?.includes(',') ? `"${value}"` : value);
  const words = options.map(([name, value]) => (value === undefined ? name : `${name}=${quoted(value)}`));
  words.push(`lowerdir=${lower.join(':')}`);
  mount(target, { source: 'overlay', type: 'overlay', data: words.join(',') });
}

/** The mapped layers need a place while the overlay is mounted, which holds copies of its own from then on. */
function mappedOverlay(layers: Layers, target: string, maps: IdMaps): void {
  const scratch = scratchOf(target);
  const places = layers.lower.map((layer, index) => {
    const place = path.join(scratch, String(index));
    mkdirSync(place, { recursive: true, mode: 0o700 });
    bind({ source: layer }, place, maps);
    return place;
  });
  if (layers.upper !== undefined) adopt(layers.upper, maps);
  overlay({ ...layers, lower: places }, target);
  for (const place of places) {
    umount(place);
    rmdirSync(place);
  }
  rmdirSync(scratch);
}

function bind({ source = '', cwd = '/', options = [] }: RootMount, target: string, maps: IdMaps | undefined): void {
  const tree = cloneTree(path.resolve(cwd, source));
  try {
    if (maps !== undefined) idmap(tree, maps);
    if (options.includes('ro')) makeTreeReadonly(tree);
    attachTree(tree, target);
  } finally {
    closeSync(tree);
  }
}

function attach(tree: number, target: string): void {
  try {
    attachTree(tree, target);
  } finally {
    closeSync(tree);
  }
}

function idmap(tree: number, { path: namespace }: IdMaps): void {
  const fd = openSync(namespace, 'r');
  try {
    idmapTree(tree, fd);
  } catch (cause) {
    if (errnoName(cause) !== 'EINVAL') throw cause;
    throw new BerthError('failed_precondition', 'the file system of the layers cannot show them with mapped ids', {
      code: 'no_idmapped_layers',
      hint: 'keep the engine’s root on a file system that can (ext4, xfs, btrfs, tmpfs), or do without a user namespace',
      cause,
    });
  } finally {
    closeSync(fd);
  }
}

/** The root folder of the writable layer is the one that shows: it is made as the host's. */
function adopt(folder: string, { uidMappings, gidMappings }: IdMaps): void {
  const { uid, gid } = statSync(folder);
  const [toUid, toGid] = [mapped(uidMappings, uid), mapped(gidMappings, gid)];
  if (toUid !== uid || toGid !== gid) chownSync(folder, toUid, toGid);
}

/** An id that is the host's name for one in the namespace stays: it was mapped before. */
function mapped(mappings: readonly IdMapping[], id: number): number {
  if (mappings.some(({ hostID, size }) => id >= hostID && id < hostID + size)) return id;
  const map = mappings.find(({ containerID, size }) => id >= containerID && id < containerID + size);
  return map === undefined ? id : id - map.containerID + map.hostID;
}

function scratchOf(target: string): string {
  return `${target}.layers`;
}

function layerFolders(scratch: string): string[] {
  return existsSync(scratch) ? readdirSync(scratch) : [];
}
