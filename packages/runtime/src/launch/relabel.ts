import { closeSync, constants, lstatSync, openSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { setXattr } from '@berth/addon/xattr';
import { O_PATH } from '@berth/addon/flag';
import { BerthError, errnoName } from '@berth/model/error';

/** Folders of the system itself: with the label of a container's files the host would not work any more. */
const forbidden = new Set(
  '/ /bin /boot /dev /etc /home /lib /lib64 /media /opt /proc /root /run /sbin /srv /sys /tmp /usr /var'.split(' '),
);

const attribute = 'security.selinux';

/**
 * Gives a file, or a folder with all that is in it on the same file system, an SELinux label. A file system that keeps no
 * labels of its own has those of its mount: nothing is done.
 * @throws failed_precondition (`may_not_relabel`) for a folder of the system
 */
export function relabel(place: string, label: string): void {
  const clean = path.resolve(place);
  if (forbidden.has(clean)) {
    throw new BerthError(
      'failed_precondition',
      `${clean} is a folder of the system, which must keep its SELinux labels`,
      {
        code: 'may_not_relabel',
        hint: 'mount a folder of its own, or leave out selinux_relabel',
      },
    );
  }
  const value = Buffer.from(`${label}\0`);
  relabelTree({ folder: path.dirname(clean), name: path.basename(clean) }, value, lstatSync(clean).dev);
}

interface Entry {
  readonly folder: string;
  readonly name: string;
}

/** Links are labelled themselves, and not followed. Bounded by the file system: what is mounted below is not ours. */
function relabelTree({ folder, name }: Entry, label: Uint8Array, device: number): void {
  const dirfd = openSync(folder, O_PATH | constants.O_DIRECTORY);
  try {
    setXattr({ dirfd, name }, attribute, label);
  } catch (error) {
    if (!['ENOTSUP', 'EOPNOTSUPP', 'EROFS'].includes(errnoName(error) ?? '')) throw error;
    return;
  } finally {
    closeSync(dirfd);
  }
  const place = path.join(folder, name);
  const stat = lstatSync(place, { throwIfNoEntry: false });
  if (!stat?.isDirectory() || stat.dev !== device) return;
  for (const inner of readdirSync(place)) relabelTree({ folder: place, name: inner }, label, device);
}
