import { statSync } from 'node:fs';
import { errnoName } from '@berth/model/error';
import type { NamespaceType } from '@berth/model/runtime-spec';

/** What host rules look at; namespaces are told apart by a text for each. */
export interface HostView {
  /** The namespace of the runtime itself; undefined where the kernel has none of that type. */
  readonly own: (type: NamespaceType) => string | undefined;
  /** The namespace behind a path; undefined when there is nothing. */
  readonly behind: (path: string) => string | undefined;
}

const files: Readonly<Record<NamespaceType, string>> = {
  pid: 'pid',
  network: 'net',
  mount: 'mnt',
  ipc: 'ipc',
  uts: 'uts',
  user: 'user',
  cgroup: 'cgroup',
  time: 'time',
};

/** This machine as this process sees it. */
export const thisHost: HostView = {
  own: (type) => identity(`/proc/self/ns/${files[type]}`),
  behind: identity,
};

/** Device and inode, namespaces(7): equal for equal namespaces, wherever their file is mounted. */
function identity(path: string): string | undefined {
  try {
    const { dev, ino } = statSync(path, { bigint: true });
    return `${dev}:${ino}`;
  } catch (error) {
    // What may not be looked at is there; joining it will say why not.
    return errnoName(error) === 'ENOENT' || errnoName(error) === 'ENOTDIR' ? undefined : `unknown ${path}`;
  }
}
