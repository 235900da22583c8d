import { BerthError, isKind } from '@berth/model/error';
import { isDigest } from '@berth/model/digest';
import { type Descriptor, maxManifestSize } from '@berth/model/manifest';
import { isReference } from '@berth/model/reference';
import { checkBytes } from '../../archive/verified-write.ts';
import type { ImageSource, SourceBlob, SourceImage } from '../medium.ts';
import { Door, type DoorOptions } from './door.ts';
import { imageName, pagesOf } from './place.ts';

/** An image in a Berth store. @throws invalid_argument (`bad_reference`) */
export async function openDoorSource(options: DoorOptions, name: string): Promise<ImageSource> {
  return new BerthSource(new Door(options), name);
}

class BerthSource implements ImageSource {
  readonly title: string;
  readonly #door: Door;
  readonly #name: ReturnType<typeof imageName>;
  readonly #pages: ReturnType<typeof pagesOf>;

  constructor(door: Door, name: string) {
    this.title = door.title;
    this.#door = door;
    this.#name = imageName(name);
    this.#pages = pagesOf(this.#name);
  }

  async images(signal: AbortSignal): Promise<readonly SourceImage[]> {
    const { name, tag, digest } = this.#name;
    const page = this.#pages.manifest(digest ?? tag ?? 'latest');
    const { headers } = await this.#find(page, signal);
    const target = {
      mediaType: headers['content-type'] ?? '',
      digest: headers['docker-content-digest'],
      size: Number(headers['content-length']),
    };
    if (!isDescriptor(target)) throw new BerthError('unavailable', `${this.title}: the store does not tell the digest`);
    return [{ names: isReference(name) && digest === undefined ? [name] : [], target }];
  }

  async has(descriptor: Descriptor, signal: AbortSignal): Promise<boolean> {
    try {
      await this.#door.ask({ method: 'HEAD', page: this.#pages.content(descriptor), signal });
      return true;
    } catch (error) {
      if (isKind(error, 'not_found')) return false;
      throw error;
    }
  }

  async document(descriptor: Descriptor, signal: AbortSignal): Promise<Uint8Array> {
    const page = this.#pages.content(descriptor);
    const { bytes } = await this.#door.ask({ method: 'GET', page, signal }, maxManifestSize);
    checkBytes(descriptor, bytes);
    return bytes;
  }

  blob(descriptor: Descriptor): SourceBlob {
    const page = this.#pages.content(descriptor);
    const door = this.#door;
    return {
      async *read(signal, offset = 0) {
        // A range that begins at the end is none.
        if (offset > 0 && offset >= descriptor.size) return;
        const headers: Record<string, string> = offset === 0 ? {} : { range: `bytes=${offset}-` };
        const { status, body } = await door.open({ method: 'GET', page, headers, signal });
        try {
          if (offset > 0 && status !== 206) throw new BerthError('unavailable', `${door.title}: no part was sent`);
          yield* body as AsyncIterable<Uint8Array>;
        } catch (error) {
          throw door.wireError(error, signal);
        } finally {
          body.destroy();
        }
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#door[Symbol.asyncDispose]();
  }

  async #find(page: string, signal: AbortSignal) {
    try {
      return await this.#door.ask({ method: 'HEAD', page, signal });
    } catch (error) {
      if (!isKind(error, 'not_found')) throw error;
      throw new BerthError('not_found', `there is no image ${this.#name.name} in ${this.title}`, {
        code: 'no_such_image',
        cause: error,
      });
    }
  }
}

function isDescriptor(value: { readonly digest: unknown; readonly size: number }): value is Descriptor {
  return isDigest(value.digest) && Number.isSafeInteger(value.size);
}
