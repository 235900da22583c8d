import { randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoName } from '@berth/model/error';
import { type Descriptor, type Index, maxManifestSize, parseIndex } from '@berth/model/manifest';
import { replaces } from '../../archive/layout-entry.ts';
import { readSmallFile } from '../../archive/member.ts';
import { indexFile } from '../../archive/oci-layout.ts';
import { syncFolder } from '../../archive/sync-folder.ts';
import { writeAll, writeError } from '../../archive/verified-write.ts';
import { layoutIndex } from '../../archive/write-archive.ts';

/** The layout's index.json; undefined where there is none yet. @throws invalid_argument (`bad_json`), resource_exhausted */
export async function readIndex(folder: string): Promise<Index | undefined> {
  const path = join(folder, indexFile);
  try {
    return parseIndex(await readSmallFile(path, maxManifestSize), path);
  } catch (error) {
    if (errnoName(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Puts entries into index.json, in the places of those that they replace. The caller has the lock. */
export async function addEntries(folder: string, entries: readonly Descriptor[]): Promise<void> {
  const index = await readIndex(folder);
  const kept = (index?.manifests ?? []).filter((old) => !entries.some((entry) => replaces(entry, old)));
  const manifests = [...kept, ...entries];
  // Members that only others know stay in the document.
  const bytes = index === undefined ? layoutIndex(manifests) : Buffer.from(JSON.stringify({ ...index, manifests }));
  await writeWhole(folder, indexFile, bytes);
}

/** A file is there whole and on the disk, or as it was before. */
export async function writeWhole(folder: string, name: string, bytes: Uint8Array): Promise<void> {
  const making = join(folder, `.${name}.tmp-${randomBytes(6).toString('hex')}`);
  try {
    await using file = await open(making, 'wx');
    await writeAll(file, bytes, 0);
    await file.sync();
    await rename(making, join(folder, name));
  } catch (error) {
    await rm(making, { force: true });
    throw writeError(error, join(folder, name));
  }
  await syncFolder(folder);
}
