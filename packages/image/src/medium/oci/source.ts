import { openArchiveSource } from '../../archive/archive-source.ts';
import type { OpenOptions } from '../../archive/open.ts';
import type { ImageSource } from '../medium.ts';
import type { FolderLocation } from './target.ts';

/** An OCI layout in a folder. @throws as `openArchiveSource` */
export async function openOciSource({ path, reference }: FolderLocation, options: OpenOptions): Promise<ImageSource> {
  const title = `oci:${path}${reference === undefined ? '' : `:${reference}`}`;
  return await openArchiveSource({ ...options, path, title, ...(reference === undefined ? {} : { reference }) });
}
