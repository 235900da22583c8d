import { posix } from 'node:path';
import type { RuntimeSpec } from '@berth/model/runtime-spec';
import type { PlanRecord } from '../plan/record.ts';
import type { HostFacts, RootMount } from './facts.ts';
import { invalid } from './invalid.ts';
import { MOUNT_ATTR, MS } from './kernel-flags.ts';
import { mountFlags, parseMountOptions } from './mount-option.ts';
import { mountLabel } from './label.ts';
import type { MountSetting } from './mount-place.ts';
import { inContainer } from './step.ts';
import type { Trees } from './tree.ts';

const propagationFlags = {
  private: MS.MS_PRIVATE,
  slave: MS.MS_SLAVE,
  shared: MS.MS_SHARED,
  unbindable: MS.MS_UNBINDABLE,
  // Not in the spec, but runc takes them, and the first step reaches the whole tree anyway.
  rprivate: MS.MS_PRIVATE,
  rslave: MS.MS_SLAVE,
  rshared: MS.MS_SHARED,
  runbindable: MS.MS_UNBINDABLE,
} as const;

/** The page that mount(2) copies its options from, less the final NUL. */
const maxMountData = 4095;

/**
 * The root file system in place and opened, in the container's new mount namespace.
 *
 * Slave by default: what the host unmounts goes away here too, so that a container never keeps a
 * volume of somebody else busy between unshare and pivot, and nothing goes the other way.
 */
export function rootRecords({ spec, facts, user, trees }: MountSetting): PlanRecord[] {
  const propagation = propagationOf(spec);
  // What is unbindable cannot be bound onto itself: the root becomes so at the end.
  const first = propagation === MS.MS_UNBINDABLE ? MS.MS_PRIVATE : propagation || MS.MS_SLAVE;
  const records = [mount({ target: '/', flags: first | MS.MS_REC })];
  if (user?.hostHelps && facts.rootTree !== undefined) return [...records, ...treeRecords(facts.rootTree, trees)];
  if (propagation === MS.MS_SHARED) {
    if (facts.rootParent === undefined) {
      throw invalid('linux.rootfsPropagation', 'shared needs to know the mount of the root folder');
    }
    records.push(mount({ target: facts.rootParent, flags: MS.MS_PRIVATE }));
  }
  const target = rootTarget(spec, facts);
  if (facts.rootMounts === undefined) {
    // pivot_root(2) takes only a mount point, so a plain folder is bound onto itself.
    records.push(mount({ source: target, target, flags: MS.MS_BIND | MS.MS_REC }));
  } else {
    // In quotes, because the commas of a level would end the option.
    const labels = mountLabel(spec, facts).map((option) => option.replace(/=(.*)$/, '="$1"'));
    records.push(...facts.rootMounts.map((one, index) => rootMount(one, { root: target, index, labels })));
  }
  records.push(inContainer('root_open', { path: target }));
  return records;
}

/** Every host has this folder, anybody may search its way, and a process in a user namespace needs nothing in it. */
const treePlace = '/sys';

/** The folders of the engine are closed to a user namespace's root: the tree comes to a place that is not. */
function treeRecords(source: string, trees: Trees): PlanRecord[] {
  const plain = { set: 0, clear: 0, propagation: MS.MS_PRIVATE, recursiveAttributes: 0 };
  return [
    inContainer('root_open', { path: '/' }),
    trees.bind({ ...plain, recursive: 1, source, target: treePlace, path: 'root.path' }),
    inContainer('root_open', { path: treePlace }),
  ];
}

/** Attributes and propagation of the root mount, once nothing needs to be made in it any more. */
export function rootAttributeRecords(spec: RuntimeSpec): PlanRecord[] {
  const set = spec.root.readonly ? MOUNT_ATTR.MOUNT_ATTR_RDONLY : 0;
  const propagation = propagationOf(spec);
  if (!set && !propagation) return [];
  return [inContainer('root_attributes', { set, propagation })];
}

function rootTarget(spec: RuntimeSpec, facts: HostFacts): string {
  const target = facts.rootTarget ?? spec.root.path;
  if (!posix.isAbsolute(target)) throw invalid('root.path', `not an absolute path: ${target}`);
  return target;
}

function propagationOf(spec: RuntimeSpec): number {
  const name = spec.linux.rootfsPropagation;
  if (name === undefined) return 0;
  if (!Object.hasOwn(propagationFlags, name)) {
    throw invalid('linux.rootfsPropagation', `unknown propagation ${name}`);
  }
  return propagationFlags[name];
}

interface RootPlace {
  readonly root: string;
  readonly index: number;
  /** Options for a file system of its own. */
  readonly labels: readonly string[];
}

function rootMount(one: RootMount, { root, index, labels }: RootPlace): PlanRecord {
  const options = parseMountOptions(one.options);
  const data = [...options.data, ...(options.bind === undefined ? labels : [])].join(',');
  if (Buffer.byteLength(data) > maxMountData) {
    throw invalid(
      `rootMounts[${index}].options`,
      `${Buffer.byteLength(data)} bytes are more than mount(2) takes (${maxMountData})`,
      'use shorter lower paths, relative to cwd',
    );
  }
  const bind = { bind: MS.MS_BIND, rbind: MS.MS_BIND | MS.MS_REC, none: 0 };
  return mount({
    source: one.source ?? one.type ?? '',
    target: posix.join(root, one.destination ?? '/').replace(/(.)\/$/, '$1'),
    type: options.bind === undefined ? (one.type ?? '') : '',
    flags: mountFlags(options) | bind[options.bind ?? 'none'],
    data,
    cwd: one.cwd ?? '',
  });
}

interface MountCall {
  readonly target: string;
  readonly flags: number;
  readonly source?: string;
  readonly type?: string;
  readonly data?: string;
  readonly cwd?: string;
}

function mount(call: MountCall): PlanRecord {
  return inContainer('mount', { source: '', type: '', data: '', cwd: '', ...call });
}
