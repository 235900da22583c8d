import { BerthError, isKind } from '@berth/model/error';
import { maxManifestSize } from '@berth/model/manifest';
import { parseReference } from '@berth/model/reference';
import type { ImageSource, SourceImage } from '../medium/medium.ts';
import { sourceBlob } from './file-blob.ts';
import type { ReferredImage } from './oci-layout.ts';
import { type ArchiveContent, openContent, type OpenOptions } from './open.ts';

/** A layout or an archive as a source of images. */
export interface ArchivePlace extends OpenOptions {
  readonly title: string;
  readonly path: string;
  /** Selects one image: a tag or name as the archive has it, a full name, or `@N` for the Nth, from 0. */
  readonly reference?: string;
}

/**
 * An image that the archive lacks parts of fails when those are asked for: the others can be read.
 * @throws as `openArchive`; not_found (`no_such_image`) when the reference selects none
 */
export async function openArchiveSource(place: ArchivePlace): Promise<ImageSource> {
  const content = await openContent(place.path, place);
  try {
    return new ArchiveSource(place.title, content, selected(place, content.images));
  } catch (error) {
    await content[Symbol.asyncDispose]();
    throw error;
  }
}

class ArchiveSource implements ImageSource {
  readonly title: string;
  readonly makesManifests: boolean;
  readonly #content: ArchiveContent;
  readonly #images: readonly SourceImage[];

  constructor(title: string, content: ArchiveContent, images: readonly SourceImage[]) {
    this.title = title;
    this.makesManifests = content.kind === 'docker-archive';
    this.#content = content;
    this.#images = images;
  }

  images: ImageSource['images'] = async () => this.#images;
  has: ImageSource['has'] = async (descriptor) => this.#content.blobs.has(descriptor);
  document: ImageSource['document'] = async (descriptor) => {
    const bytes = await this.#content.blobs.readAll(descriptor, maxManifestSize);
    if (bytes.length === descriptor.size) return bytes;
    const { digest, size } = descriptor;
    throw new BerthError('data_loss', `blob ${digest} of ${this.title} has ${bytes.length} bytes instead of ${size}`, {
      code: 'size_mismatch',
    });
  };
  blob: ImageSource['blob'] = (descriptor) => sourceBlob(this.#content.blobs.source(descriptor));

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#content[Symbol.asyncDispose]();
  }
}

function selected({ title, reference }: ArchivePlace, images: readonly ReferredImage[]): readonly SourceImage[] {
  if (images.length === 0) throw new BerthError('not_found', `${title} holds no image`, { code: 'no_images' });
  if (reference === undefined) return images.map(({ names, target }) => ({ names, target }));
  const [, number] = /^@(\d+)$/.exec(reference) ?? [];
  const full = fullName(reference);
  const found =
    number === undefined
      ? (images.find(({ references }) => references.includes(reference)) ??
        images.find(({ names }) => full !== undefined && names.includes(full)))
      : images[Number(number)];
  if (found === undefined) throw noSuchImage(title, images);
  return [{ names: found.names, target: found.target }];
}

function fullName(reference: string): string | undefined {
  try {
    return parseReference(reference).name;
  } catch (error) {
    if (isKind(error, 'invalid_argument')) return undefined;
    throw error;
  }
}

const shownReferences = 10;

function noSuchImage(title: string, images: readonly ReferredImage[]): BerthError {
  const known = [...new Set(images.flatMap(({ references, names }) => [...references, ...names]))];
  const more = known.length > shownReferences ? `, and ${known.length - shownReferences} more` : '';
  return new BerthError('not_found', `${title} is not there`, {
    code: 'no_such_image',
    hint:
      known.length === 0
        ? 'its images have no names: leave the name out, or take @0 for the first'
        : `there are: ${known.slice(0, shownReferences).join(', ')}${more}`,
  });
}
