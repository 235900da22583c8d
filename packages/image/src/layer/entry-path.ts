import { BerthError } from '@berth/model/error';
import { type ByteText, readable } from '../tar/entry.ts';

/** A name of an archive, cleaned: relative to the layer's root, without empty, `.` and `..` components. */
export interface EntryPath {
  /** Empty for the root itself. */
  readonly path: ByteText;
  /** Empty when the entry lies directly in the root. */
  readonly parent: ByteText;
  /** `.` for the root. */
  readonly base: ByteText;
}

const root: EntryPath = { path: '', parent: '', base: '.' };

/**
 * Cleans a name as Go's path.Clean does, which is what docker and containerd apply to it: absolute names
 * lie in the root, `a/../b` is `b`. A name that leads out of the root is refused.
 *
 * @throws invalid_argument (`path_escape`)
 */
export function entryPath(name: ByteText): EntryPath {
  if (name.includes('\0'))
    throw new BerthError('invalid_argument', `layer entry '${readable(name)}' has a NUL byte in its name`, {
      code: 'bad_tar',
    });
  const kept: string[] = [];
  for (const component of name.split('/')) {
    if (component === '' || component === '.') continue;
    if (component !== '..') kept.push(component);
    else if (kept.pop() === undefined) throw escape(name);
  }
  const base = kept.pop();
  if (base === undefined) return root;
  const parent = kept.join('/');
  return { path: parent === '' ? base : `${parent}/${base}`, parent, base };
}

function escape(name: ByteText): BerthError {
  return new BerthError('invalid_argument', `layer entry '${readable(name)}' leads out of the layer`, {
    code: 'path_escape',
  });
}

/** Parent and last component of a path that is clean already. */
export function splitPath(path: ByteText): EntryPath {
  const slash = path.lastIndexOf('/');
  if (path === '') return root;
  return { path, parent: slash < 0 ? '' : path.slice(0, slash), base: path.slice(slash + 1) };
}
