import { closeSync, fsyncSync, openSync, renameSync, unlinkSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { tolerate } from '@berth/model/error';

export interface AtomicFileOptions {
  readonly mode?: number;
  /** On disk, name and all, before this returns. */
  readonly durable?: boolean;
}

/** Replaces a file as a whole: a reader sees the old text or the new one, never a part. */
export function writeAtomically(path: string, text: string, { mode = 0o600, durable = false }: AtomicFileOptions = {}) {
  const fresh = `${path}.${process.pid}.new`;
  const fd = openSync(fresh, 'wx', mode);
  try {
    try {
      writeSync(fd, text);
      if (durable) fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(fresh, path);
  } catch (error) {
    tolerate(['ENOENT'], () => unlinkSync(fresh));
    throw error;
  }
  if (durable) syncFolder(dirname(path));
}

/** Makes new names in a folder outlive a loss of power. */
export function syncFolder(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
