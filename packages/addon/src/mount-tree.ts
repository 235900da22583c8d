import { SYS, syscall } from './call.ts';
import { AT_EMPTY_PATH, AT_FDCWD } from './flag.ts';
import { outcome } from './outcome.ts';

/** Mounts that nobody sees yet, as descriptors: open_tree(2), fsopen(2) and their kin. */

const OPEN_TREE_CLONE = 1;
const OPEN_TREE_CLOEXEC = 0o2000000;
const MOVE_MOUNT_F_EMPTY_PATH = 4;
const MOUNT_ATTR_RDONLY = 1;
const MOUNT_ATTR_IDMAP = 0x10_0000;
const FSOPEN_CLOEXEC = 1;
const FSMOUNT_CLOEXEC = 1;
const FSCONFIG_SET_FLAG = 0;
const FSCONFIG_SET_STRING = 1;
const FSCONFIG_CMD_CREATE = 6;
const wordSize = 8;

/** A copy of the mount that holds the path, showing what is below the path; not what is mounted there. @throws SystemError */
export function cloneTree(path: string): number {
  return outcome(syscall(SYS.open_tree, AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC), 'open_tree', path);
}

/** Files of the tree show the ids that the user namespace maps theirs to, mount_setattr(2). Once. @throws SystemError */
export function idmapTree(tree: number, userNamespace: number): void {
  setAttributes(tree, MOUNT_ATTR_IDMAP, userNamespace);
}

/** @throws SystemError */
export function makeTreeReadonly(tree: number): void {
  setAttributes(tree, MOUNT_ATTR_RDONLY, 0);
}

function setAttributes(tree: number, set: number, userNamespace: number): void {
  // struct mount_attr: attr_set, attr_clr, propagation, userns_fd.
  const attributes = new Uint8Array(4 * wordSize);
  const view = new DataView(attributes.buffer);
  view.setBigUint64(0, BigInt(set), true);
  view.setBigUint64(3 * wordSize, BigInt(userNamespace), true);
  const result = syscall(SYS.mount_setattr, tree, '', AT_EMPTY_PATH, attributes, attributes.length);
  outcome(result, 'mount_setattr');
}

/** @throws SystemError */
export function attachTree(tree: number, target: string): void {
  outcome(syscall(SYS.move_mount, tree, '', AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH), 'move_mount', target);
}

/** One option of a file system: `[name]` or `[name, value]`. A value has at most 255 bytes. */
export type FsOption = readonly [name: string, value?: string];

/** A new mount of a file system. @throws SystemError */
export function newTree(type: string, options: readonly FsOption[], attributes = 0): number {
  const context = outcome(syscall(SYS.fsopen, type, FSOPEN_CLOEXEC), 'fsopen', type);
  try {
    for (const [name, value] of options) {
      const command = value === undefined ? FSCONFIG_SET_FLAG : FSCONFIG_SET_STRING;
      outcome(syscall(SYS.fsconfig, context, command, name, value ?? 0, 0), 'fsconfig', `${name}=${value ?? ''}`);
    }
    outcome(syscall(SYS.fsconfig, context, FSCONFIG_CMD_CREATE, 0, 0, 0), 'fsconfig', type);
    return outcome(syscall(SYS.fsmount, context, FSMOUNT_CLOEXEC, attributes), 'fsmount', type);
  } finally {
    syscall(SYS.close, context);
  }
}
