import { SYS, syscall, text } from './call.ts';
import { type Name, outcome } from './outcome.ts';

/**
 * Extended attributes, xattr(7): of an open file by its descriptor, of anything else (links, devices,
 * folders) by a name in an open folder. The second way goes through `/proc/self/fd/DIRFD/NAME` and the
 * `l` calls: the folder is pinned by its descriptor and the last component is never followed, which
 * setxattrat(2) offers by itself only from Linux 6.13 on.
 */
export interface InFolder {
  readonly dirfd: number;
  /** One component. */
  readonly name: Name;
}

/** A descriptor opened for reading or writing (not `O_PATH`), or a name in a folder. */
export type Place = number | InFolder;

const longestValue = 65_536;

function pathOf({ dirfd, name }: InFolder): string | Uint8Array {
  const folder = `/proc/self/fd/${dirfd}/`;
  return text(typeof name === 'string' ? folder + name : Buffer.concat([Buffer.from(folder), name]));
}

export function setXattr(place: Place, key: Name, value: Uint8Array, flags = 0): void {
  const [number, target] = typeof place === 'number' ? [SYS.fsetxattr, place] : [SYS.lsetxattr, pathOf(place)];
  outcome(syscall(number, target, text(key), value, value.length, flags), 'setxattr', key);
}

/** The value; undefined when the file has no such attribute. */
export function getXattr(place: Place, key: Name): Buffer | undefined {
  const value = Buffer.allocUnsafe(longestValue);
  const [number, target] = typeof place === 'number' ? [SYS.fgetxattr, place] : [SYS.lgetxattr, pathOf(place)];
  const result = syscall(number, target, text(key), value, value.length);
  if (result === noData) return undefined;
  return Buffer.from(value.subarray(0, outcome(result, 'getxattr', key)));
}

const noData = -61;

/** Every key, in the kernel's order, as text (keys are ASCII in practice). */
export function listXattrs(place: Place): readonly string[] {
  const keys = Buffer.allocUnsafe(longestValue);
  const [number, target] = typeof place === 'number' ? [SYS.flistxattr, place] : [SYS.llistxattr, pathOf(place)];
  const size = outcome(syscall(number, target, keys, keys.length), 'listxattr');
  return keys
    .subarray(0, size)
    .toString()
    .split('\0')
    .filter((key) => key !== '');
}

export function removeXattr(place: Place, key: Name): void {
  const [number, target] = typeof place === 'number' ? [SYS.fremovexattr, place] : [SYS.lremovexattr, pathOf(place)];
  outcome(syscall(number, target, text(key)), 'removexattr', key);
}
