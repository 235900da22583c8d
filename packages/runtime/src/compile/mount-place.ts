import { posix } from 'node:path';
import type { MountSpec, RuntimeSpec } from '@berth/model/runtime-spec';
import type { HostFacts } from './facts.ts';
import { invalid } from './invalid.ts';
import { parseMountOptions } from './mount-option.ts';
import type { MountOptions } from './mount-option.ts';
import type { Trees } from './tree.ts';
import type { UserNamespace } from './user-namespace.ts';

/** What the mounts of a container depend on beside themselves. */
export interface MountSetting {
  readonly spec: RuntimeSpec;
  readonly facts: HostFacts;
  readonly user: UserNamespace | undefined;
  readonly trees: Trees;
}

/** A mount of the spec with its parts looked up. */
export interface MountPlace {
  readonly mount: MountSpec;
  /** Where it stands in the spec, for errors. */
  readonly path: string;
  /** Absolute and clean. */
  readonly destination: string;
  readonly options: MountOptions;
  readonly isBind: boolean;
}

export function mountPlace(mount: MountSpec, index: number): MountPlace {
  const path = `mounts[${index}]`;
  const options = parseMountOptions(mount.options);
  const isBind = options.bind !== undefined || mount.type === 'bind' || mount.type === 'rbind';
  return { mount, path, destination: destinationOf(mount, path), options, isBind };
}

/** The spec wants an absolute path; a relative one is below the root, as in runc, whose callers rely on it. */
function destinationOf(mount: MountSpec, path: string): string {
  const clean = posix.join('/', mount.destination).replace(/(.)\/$/, '$1');
  if (clean === '/') throw invalid(`${path}.destination`, 'nothing can be mounted on /');
  return clean;
}
