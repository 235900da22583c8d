import { rm, stat } from 'node:fs/promises';
import { BerthError, errnoName } from '@berth/model/error';
import type { Descriptor } from '@berth/model/manifest';
import type { ArchivedImage, ArchiveKind, ImageArchive } from './archive.ts';
import type { BlobSet } from './blob-set.ts';
import { readDockerArchive } from './docker-archive.ts';
import { dockerManifestFile } from './docker-manifest.ts';
import { folderMembers, type Members, tarMembers } from './member.ts';
import { type Content, indexFile, layoutFile, readLayout } from './oci-layout.ts';
import { decompressedCopy, outerCompressionOf } from './outer.ts';
import { repositoriesFile } from './repositories.ts';
import { reachable } from './reach.ts';

export interface OpenOptions {
  /** Folder for a decompressed copy when the archive as a whole is compressed. */
  readonly scratch: string;
  readonly signal?: AbortSignal;
}

/**
 * Opens an OCI layout (tar or folder) or a docker archive, plain, gzip or zstd, and xz or bzip2 where
 * the programs of that name are installed. Where an archive is both,
 * the OCI index says what is in it and manifest.json may add names.
 *
 * @throws not_found (no such file), invalid_argument (`unknown_archive`, `bad_tar`, `bad_json`,
 *   `bad_layout`, ...), data_loss (`truncated`, `missing_blob`, `size_mismatch`, `digest_mismatch`), cancelled
 */
export async function openArchive(path: string, options: OpenOptions): Promise<ImageArchive> {
  try {
    return await readArchive(path, options);
  } catch (error) {
    if (options.signal?.aborted !== true || error instanceof BerthError) throw error;
    throw new BerthError('cancelled', `reading ${path} was cancelled`, { cause: error });
  }
}

async function readArchive(path: string, options: OpenOptions): Promise<ImageArchive> {
  await using content = await openContent(path, options);
  const { kind, images, blobs } = content;
  const all = await reachable(
    blobs,
    images.map(({ target }) => target),
  );
  return new OpenArchive(
    { kind, images: images.map(({ target, names }) => ({ target, names })), blobs, all },
    content.handOver(),
  );
}

/** What is in an archive before anybody looked whether it is all there. Dispose removes the decompressed copy. */
export interface ArchiveContent extends Content, AsyncDisposable {
  readonly kind: ArchiveKind;
  /** The decompressed copy, if one was made, is the caller's from now on. */
  handOver(): string | undefined;
}

/** As `openArchive`, for whoever looks at one image of many. @throws as `openArchive`, but for what is missing */
export async function openContent(path: string, options: OpenOptions): Promise<ArchiveContent> {
  await using scratch = new ScratchFile();
  const members = await membersOf(path, options, scratch);
  const kind = kindOf(path, members);
  const content = kind === 'oci-layout' ? await readLayout(members) : await readDockerArchive(members, options.signal);
  const copy = new ScratchFile(scratch.handOver());
  return {
    ...content,
    kind,
    handOver: () => copy.handOver(),
    [Symbol.asyncDispose]: () => copy[Symbol.asyncDispose](),
  };
}

async function membersOf(path: string, { scratch, signal }: OpenOptions, copy: ScratchFile): Promise<Members> {
  if (await isFolder(path)) return await folderMembers(path);
  const compression = await outerCompressionOf(path);
  if (compression !== 'none') {
    copy.path = await decompressedCopy(path, compression, { scratch, ...(signal === undefined ? {} : { signal }) });
  }
  try {
    return await tarMembers(copy.path ?? path, signal);
  } catch (error) {
    throw error instanceof BerthError ? namingArchive(path, error) : error;
  }
}

/** The parser knows no file. */
function namingArchive(path: string, cause: BerthError): BerthError {
  const { kind, code, message } = cause;
  const hint =
    code === 'bad_tar' ? { hint: 'an archive of images is a tar that docker or a tool for OCI layouts wrote' } : {};
  return new BerthError(kind, `${path}: ${message}`, { code, cause, ...hint });
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (cause) {
    if (errnoName(cause) !== 'ENOENT') throw cause;
    throw new BerthError('not_found', `there is no archive ${path}`, { code: 'no_such_file', cause });
  }
}

function kindOf(path: string, members: Members): ArchiveKind {
  if (members.has(indexFile) && (members.has(layoutFile) || !members.has(dockerManifestFile))) return 'oci-layout';
  if (members.has(dockerManifestFile) || members.has(repositoriesFile)) return 'docker-archive';
  throw new BerthError(
    'invalid_argument',
    `${path} holds no images: it has neither ${indexFile} nor ${dockerManifestFile}`,
    {
      code: 'unknown_archive',
      hint: 'to make an image of a file tree, use import',
    },
  );
}

interface Opened {
  readonly kind: ArchiveKind;
  readonly images: readonly ArchivedImage[];
  readonly blobs: BlobSet;
  readonly all: readonly Descriptor[];
}

class OpenArchive implements ImageArchive {
  readonly #opened: Opened;
  readonly #copy: string | undefined;

  constructor(opened: Opened, copy: string | undefined) {
    this.#opened = opened;
    this.#copy = copy;
  }

  get kind(): ArchiveKind {
    return this.#opened.kind;
  }

  images: ImageArchive['images'] = () => this.#opened.images;
  blobs: ImageArchive['blobs'] = () => this.#opened.all;
  has: ImageArchive['has'] = (blob) => this.#opened.blobs.has(blob);
  source: ImageArchive['source'] = (blob) => this.#opened.blobs.source(blob);
  layerFile: ImageArchive['layerFile'] = (blob) => this.#opened.blobs.layerFile(blob);
  readAll: ImageArchive['readAll'] = (blob, limit) => this.#opened.blobs.readAll(blob, limit);

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#copy !== undefined) await rm(this.#copy, { force: true });
  }
}

/** The decompressed copy until the opened archive takes it over. */
class ScratchFile implements AsyncDisposable {
  path: string | undefined;

  constructor(path?: string) {
    this.path = path;
  }

  handOver(): string | undefined {
    const { path } = this;
    this.path = undefined;
    return path;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.path !== undefined) await rm(this.path, { force: true });
  }
}
