import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { errnoName } from '@berth/model/error';
import type { Expected, IngestStatus } from '../content.ts';

/** What an ingest's folder has: `ref` (JSON: reference and expectation) and `data`. */
export interface IngestFolder {
  readonly folder: string;
  readonly data: string;
}

interface RefFile {
  readonly ref: string;
  readonly expected: Expected;
}

/** Makes the folder, or takes over what an earlier writer left in it. */
export async function openIngestFolder(folder: string, ref: string, expected: Expected): Promise<IngestFolder> {
  try {
    // Not recursive: that answers ENOENT on a disk that can only be read.
    await mkdir(folder, { mode: 0o700 });
  } catch (error) {
    if (errnoName(error) !== 'EEXIST') throw error;
  }
  const file = path.join(folder, 'ref');
  const text = JSON.stringify({ ref, expected } satisfies RefFile);
  // A resumed ingest keeps its start time, which is this file's.
  if (JSON.stringify(await readRef(file)) !== text) {
    await writeFile(`${file}.new`, text);
    await rename(`${file}.new`, file);
  }
  return { folder, data: path.join(folder, 'data') };
}

/** Undefined when there is no ingest, or one that was cut off before its reference was written. */
export async function readIngestStatus(folder: string): Promise<IngestStatus | undefined> {
  const file = path.join(folder, 'ref');
  const content = await readRef(file);
  if (content === undefined) return undefined;
  try {
    const { mtimeMs: startedAt } = await stat(file);
    const data = await stat(path.join(folder, 'data')).catch(() => ({ size: 0, mtimeMs: startedAt }));
    const updatedAt = Math.floor(Math.max(data.mtimeMs, startedAt));
    return { ...content, offset: data.size, startedAt: Math.floor(startedAt), updatedAt };
  } catch (error) {
    // Committed or aborted meanwhile.
    if (errnoName(error) === 'ENOENT') return undefined;
    throw error;
  }
}

async function readRef(file: string): Promise<RefFile | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as RefFile;
  } catch (error) {
    // A power cut may leave an empty file: the folder is then as good as new.
    if (errnoName(error) === 'ENOENT' || error instanceof SyntaxError) return undefined;
    throw error;
  }
}
