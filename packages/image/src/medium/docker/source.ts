import { asError, BerthError } from '@berth/model/error';
import type { Descriptor } from '@berth/model/manifest';
import { parseReference } from '@berth/model/reference';
import type { ImageSource, SourceBlob, SourceImage } from '../medium.ts';
import { type DockerImage, inspectImage } from './daemon.ts';
import { exportImage } from './exported-image.ts';
import { readGraphImage } from './graph/graph-image.ts';
import { isReadableDriver } from './graph/layer-store.ts';
import type { ImageView } from './image-view.ts';
import { connectDocker, type DockerConnection, type DockerOptions } from './options.ts';

/**
 * An image of a live dockerd, to be read. The name may be an id or the beginning of one.
 *
 * Of a graph-store daemon on this machine whose folder we may read, layers are read from there, one by one as they are
 * asked for; of any other the whole image is had from its API when it is first looked at.
 * @throws invalid_argument (`bad_docker_host`), unavailable (`no_dockerd`), permission_denied (`docker_socket`), not_found
 *   (`no_such_image`)
 */
export async function openDockerSource(options: DockerOptions, name: string): Promise<ImageSource> {
  const connection = await connectDocker(options);
  try {
    const signal = options.signal ?? new AbortController().signal;
    const image = await inspectImage(connection.api, name, signal);
    if (image !== undefined) return new DockerSource(connection, image, name);
    throw new BerthError('not_found', `${connection.api.name} has no image ${name}`, { code: 'no_such_image' });
  } catch (error) {
    connection.api[Symbol.dispose]();
    throw error;
  }
}

class DockerSource implements ImageSource {
  readonly title: string;
  readonly makesManifests: boolean;
  readonly #connection: DockerConnection;
  readonly #image: DockerImage;
  readonly #names: readonly string[];
  #view: Promise<ImageView> | undefined;
  /** What `#view` resolved to. */
  #ready: ImageView | undefined;

  constructor(connection: DockerConnection, image: DockerImage, name: string) {
    this.title = `docker://${name}`;
    this.makesManifests = connection.facts.store === 'graph';
    this.#connection = connection;
    this.#image = image;
    this.#names = namesFor(image, name);
  }

  async images(signal: AbortSignal): Promise<readonly SourceImage[]> {
    return (await this.#opened(signal)).targets.map((target) => ({ names: this.#names, target }));
  }

  async has(descriptor: Descriptor, signal: AbortSignal): Promise<boolean> {
    return await (await this.#opened(signal)).has(descriptor, signal);
  }

  async document(descriptor: Descriptor, signal: AbortSignal): Promise<Uint8Array> {
    return await (await this.#opened(signal)).document(descriptor, signal);
  }

  blob(descriptor: Descriptor): SourceBlob {
    if (this.#ready !== undefined) return this.#ready.blob(descriptor);
    const opened = (signal: AbortSignal) => this.#opened(signal);
    return {
      async *read(signal, offset) {
        yield* (await opened(signal)).blob(descriptor).read(signal, offset);
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const view = await this.#view?.catch(() => undefined);
    await view?.[Symbol.asyncDispose]();
    this.#connection.api[Symbol.dispose]();
  }

  #opened(signal: AbortSignal): Promise<ImageView> {
    this.#view ??= this.#open(signal).then(
      (view) => (this.#ready = view),
      (error: unknown) => {
        this.#view = undefined;
        throw error;
      },
    );
    return this.#view;
  }

  async #open(signal: AbortSignal): Promise<ImageView> {
    const { api, endpoint, facts, scratch, log } = this.#connection;
    const { id } = this.#image;
    if (facts.store === 'graph' && endpoint.kind === 'unix' && isReadableDriver(facts.driver)) {
      try {
        const fallback = () => exportImage(api, id, { scratch, signal });
        return await readGraphImage(facts, id, { log, fallback });
      } catch (error) {
        // Another machine's socket, not our user's folder, or a store that is not as we know it.
        log.debug('the image is read through the API', { image: id, reason: asError(error).message });
      }
    }
    return (await this.#openBehind(signal)) ?? (await exportImage(api, id, { scratch, signal }));
  }

  async #openBehind(signal: AbortSignal): Promise<ImageView | undefined> {
    const [name] = this.#image.names;
    if (this.#connection.facts.store !== 'containerd' || name === undefined) return undefined;
    const { readBehind } = await import('./containerd-store.ts');
    const behind = await readBehind(this.#connection, name, signal);
    if (behind?.targets.every(({ digest }) => digest === this.#image.id) === true) return behind;
    // The name moved to another image meanwhile.
    await behind?.[Symbol.asyncDispose]();
    return undefined;
  }
}

/** By the name that was asked for; by all of them when an id was. */
function namesFor({ id, names }: DockerImage, name: string): readonly string[] {
  const hex = name.replace(/^sha256:/, '');
  if (/^[0-9a-f]+$/.test(hex) && id.startsWith(`sha256:${hex}`)) return names;
  const { domain, path, tag } = parseReference(name);
  return tag === undefined ? [] : [`${domain}/${path}:${tag}`];
}
