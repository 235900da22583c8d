import { createReadStream } from 'node:fs';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Digest } from '@berth/model/digest';
import { BerthError, errnoName } from '@berth/model/error';
import { maxManifestSize } from '@berth/model/manifest';
import type { ImageArchive } from '../../archive/archive.ts';
import { openArchive } from '../../archive/open.ts';
import type { DockerApi } from './api.ts';
import { pathName } from './daemon.ts';
import type { ImageView } from './image-view.ts';

/** Configs may be larger than manifests. */
const maxDocument = 2 * maxManifestSize;

export interface ExportOptions {
  readonly scratch: string;
  readonly signal: AbortSignal;
}

/**
 * The image as the daemon exports it (`GET /images/ID/get`): all of it, in a file of ours. Works with every store and at
 * every distance; the graph store puts the whole image together in a folder of its own first.
 * @throws not_found, unavailable, resource_exhausted (`disk_full`), and what `openArchive` throws
 */
export async function exportImage(api: DockerApi, id: Digest, options: ExportOptions): Promise<ImageView> {
  const folder = await mkdtemp(join(options.scratch, 'berth-docker-'));
  try {
    const file = join(folder, 'image.tar');
    await spool(api, id, { ...options, file });
    return viewOf(await openArchive(file, { scratch: folder, signal: options.signal }), folder);
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

async function spool(api: DockerApi, id: Digest, { file, signal }: ExportOptions & { file: string }): Promise<void> {
  await using out = await open(file, 'wx', 0o600);
  try {
    for await (const piece of api.stream(`/images/${pathName(id)}/get`, signal)) await out.writeFile(piece);
  } catch (cause) {
    if (errnoName(cause) !== 'ENOSPC' && errnoName(cause) !== 'EDQUOT') throw cause;
    const message = `no room in ${file} for the image that ${api.name} exports`;
    throw new BerthError('resource_exhausted', message, { code: 'disk_full', hint: 'set TMPDIR', cause });
  }
}

function viewOf(archive: ImageArchive, folder: string): ImageView {
  return {
    targets: archive.images().map(({ target }) => target),
    has: async (descriptor) => archive.has(descriptor),
    document: (descriptor) => archive.readAll(descriptor, maxDocument),
    blob(descriptor) {
      const file = archive.layerFile(descriptor);
      return {
        file,
        async *read(signal, offset = 0) {
          if (offset >= file.size) return;
          const range = { start: file.offset + offset, end: file.offset + file.size - 1 };
          yield* createReadStream(file.path, { ...range, signal, highWaterMark: 512 * 1024 }) as AsyncIterable<Buffer>;
        },
      };
    },
    async [Symbol.asyncDispose]() {
      await archive[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
