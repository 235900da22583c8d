import { mkdirSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { BerthError, errnoName } from '@berth/model/error';
import {
  isNetworkNamespace,
  keepNamespaceFile,
  makeNamespaceFile,
  removeNamespaceFile,
} from '@berth/runtime/network/namespace-file';
import type { NetworkNamespaces } from './contract.ts';

/** Those below `folder`, which is for them alone: what is found there is ours. */
export function networkNamespaces(folder: string): NetworkNamespaces {
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  const place = (name: string) => path.join(folder, name);
  return {
    create: (name) => made(place(name), makeNamespaceFile),
    keep: (name, pid) => made(place(name), (file) => keepNamespaceFile(file, pid)),
    exists: isNetworkNamespace,
    remove: removeNamespaceFile,
    list: () => namesIn(folder).map((name) => path.join(folder, name)),
  };
}

function made(file: string, make: (file: string) => void): string {
  try {
    make(file);
    return file;
  } catch (cause) {
    const error = cause as Error;
    if (errnoName(cause) === 'EEXIST') {
      throw new BerthError('already_exists', `network namespace ${file} exists`, { code: 'netns_exists', cause });
    }
    throw new BerthError('internal', `cannot make the network namespace ${file}: ${error.message}`, {
      code: 'netns_failed',
      cause,
      ...(errnoName(cause) === 'EPERM' ? { hint: 'network namespaces take CAP_SYS_ADMIN: run berthd as root' } : {}),
    });
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (errnoName(error) === 'ENOENT') return [];
    throw error;
  }
}
