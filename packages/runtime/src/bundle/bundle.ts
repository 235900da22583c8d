import { realpathSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { BerthError, errnoName } from '@berth/model/error';
import type { MountSpec, RuntimeSpec } from '@berth/model/runtime-spec';
import type { Finding } from '../validate/finding.ts';
import { validateHost, validateSpec } from '../validate/validate.ts';
import { parseJson } from './json-text.ts';
import { readText } from './read-text.ts';

/** The name of the config in a bundle, runtime-spec bundle.md. */
export const configName = 'config.json';

/** A bundle that can be run. */
export interface Bundle {
  /** Absolute. */
  readonly folder: string;
  /** Valid; `root.path` is absolute and real, sources of bind mounts are absolute. */
  readonly spec: RuntimeSpec;
  readonly warnings: readonly Finding[];
}

/**
 * The bundle in a folder. Throws `SpecError` for what its config says, and `BerthError` with a code `bundle.…` for
 * what is not there or cannot be read.
 */
export function readBundle(folder: string): Bundle {
  const absolute = resolve(folder);
  checkFolder(absolute, { name: `bundle ${folder}`, code: 'bundle.folder', hint: 'give the folder with --bundle' });
  const path = join(absolute, configName);
  const { spec, warnings } = validateSpec(parseJson(readConfig(path), path));
  validateHost(spec);
  return { folder: absolute, spec: placed(spec, absolute), warnings };
}

function readConfig(path: string): string {
  try {
    return readText(path);
  } catch (error) {
    if (!(error instanceof BerthError) || error.code !== 'bundle.file_missing') throw error;
    throw new BerthError('not_found', `the bundle has no ${configName}: ${error.message}`, {
      code: 'bundle.config_missing',
      hint: 'make one with `berth-oci spec`',
      cause: error,
    });
  }
}

/** config.md: `root.path` and the sources of bind mounts may be relative to the bundle. */
function placed(spec: RuntimeSpec, folder: string): RuntimeSpec {
  const root = resolve(folder, spec.root.path);
  checkFolder(root, {
    name: `root.path: the root file system ${root}`,
    code: 'bundle.rootfs',
    hint: 'unpack an image there, or correct root.path',
  });
  return {
    ...spec,
    root: { ...spec.root, path: realpathSync(root) },
    mounts: spec.mounts.map((mount) => withAbsoluteSource(mount, folder)),
  };
}

function withAbsoluteSource(mount: MountSpec, folder: string): MountSpec {
  const isBind = mount.type === 'bind' || (mount.options ?? []).some((each) => each === 'bind' || each === 'rbind');
  if (!isBind || mount.source === undefined) return mount;
  return { ...mount, source: resolve(folder, mount.source) };
}

interface Wanted {
  readonly name: string;
  /** What comes before `_missing`, `_unreadable` and `_not_a_folder`. */
  readonly code: 'bundle.folder' | 'bundle.rootfs';
  readonly hint: string;
}

function checkFolder(path: string, { name, code, hint }: Wanted): void {
  let isFolder: boolean;
  try {
    isFolder = statSync(path).isDirectory();
  } catch (cause) {
    const errno = errnoName(cause);
    if (errno === 'ENOENT' || errno === 'ENOTDIR') {
      throw new BerthError('not_found', `${name} does not exist`, { code: `${code}_missing`, hint, cause });
    }
    const kind = errno === 'EACCES' ? 'permission_denied' : 'failed_precondition';
    throw new BerthError(kind, `${name} cannot be read: ${errno}`, { code: `${code}_unreadable`, cause });
  }
  if (!isFolder) {
    throw new BerthError('invalid_argument', `${name} is not a folder`, { code: `${code}_not_a_folder`, hint });
  }
}
