import type { Digest } from '@berth/model/digest';
import { BerthError } from '@berth/model/error';
import type { Descriptor } from '@berth/model/manifest';
import { parseReference } from '@berth/model/reference';
import { isForeign } from '../../copy/blob-mover.ts';
import type { BlobHints, ImageTarget, PublishedImage, SourceBlob, TargetAbilities } from '../medium.ts';
import type { Channel } from '../../grpc/channel.ts';
import type { DockerApi } from './api.ts';
import { type DockerFacts, inspectImage, isAtLeast } from './daemon.ts';
import { knownChains } from './known-layers.ts';
import { connectDocker, type DockerConnection, type DockerOptions } from './options.ts';
import { LoadStream, loadFailure } from './load-stream.ts';
import { blobPath, graphFiles, layoutFiles } from './load-files.ts';

/**
 * An image of a live dockerd, to be written.
 * @throws invalid_argument (`bad_docker_host`, `bad_reference`: an id or a digest is no name to give), unavailable
 *   (`no_dockerd`), permission_denied (`docker_socket`)
 */
export async function openDockerTarget(options: DockerOptions, name: string): Promise<ImageTarget> {
  const reference = parseReference(name);
  if (reference.digest !== undefined || name.startsWith('sha256:')) {
    throw new BerthError('invalid_argument', `docker://${name} is no name that can be given to an image`, {
      code: 'bad_reference',
      hint: 'give a name and a tag: the digest follows from the image',
    });
  }
  return new DockerTarget(await connectDocker(options), reference.name);
}

class DockerTarget implements ImageTarget {
  readonly title: string;
  readonly abilities: TargetAbilities;
  readonly #connection: DockerConnection;
  readonly #api: DockerApi;
  readonly #facts: DockerFacts;
  readonly #name: string;
  readonly #documents = new Map<Digest, Uint8Array>();
  #stream: LoadStream | undefined;
  /** Blobs that are in the stream, whole. */
  readonly #sent = new Set<Digest>();
  #chains: Promise<ReadonlySet<Digest>> | undefined;
  /** Layers that are at some place of an image, but were missing at another one: `copy` asks once for each digest. */
  readonly #wanted = new Set<Digest>();
  /** Of a containerd store: the containerd itself, where it can be asked. */
  #behind: Promise<Channel | undefined> | undefined;
  /** What it said it has, until an image holds it. */
  readonly #believed = new Map<Digest, Descriptor>();

  constructor(connection: DockerConnection, name: string) {
    this.#connection = connection;
    this.#api = connection.api;
    this.#facts = connection.facts;
    this.#name = name;
    this.title = `docker://${name}`;
    this.abilities = abilitiesOf(connection.facts);
  }

  async has(descriptor: Descriptor, { chainId, signal }: BlobHints): Promise<boolean> {
    const { digest } = descriptor;
    if (this.#sent.has(digest)) return true;
    if (this.#wanted.has(digest)) return false;
    if (this.#facts.store === 'graph') return chainId !== undefined && (await this.#known(signal)).has(chainId);
    const found = await this.#isBehind(descriptor, signal);
    if (found) this.#believed.set(digest, descriptor);
    return found;
  }

  async substitute(descriptor: Descriptor, diffId: Digest, signal: AbortSignal): Promise<Descriptor | undefined> {
    if (this.#facts.store === 'graph') return undefined;
    const channel = await this.#channelBehind(signal);
    const { findPacked } = await import('./containerd-store.ts');
    const found = channel === undefined ? undefined : await findPacked(channel, descriptor, { diffId, signal });
    if (found === undefined || this.#wanted.has(found.digest)) return undefined;
    this.#believed.set(found.digest, found);
    return found;
  }

  async putBlob(descriptor: Descriptor, source: SourceBlob, hints: BlobHints): Promise<void> {
    const stream = this.#openStream();
    await stream.blob(blobPath(descriptor), descriptor, { source, hints });
    if (stream === this.#stream) this.#sent.add(descriptor.digest);
  }

  async putDocument({ digest }: Descriptor, bytes: Uint8Array): Promise<void> {
    this.#documents.set(digest, bytes);
  }

  async publish(image: PublishedImage, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const names = [...new Set([this.#name, ...image.names])];
    const isGraph = this.#facts.store === 'graph';
    const made = isGraph
      ? graphFiles(image, { names, documents: this.#documents })
      : layoutFiles(image, { names, documents: this.#documents });
    if (isGraph) await this.#checkLayers(made.layers, signal);
    // An image that is there needs no load to get another name.
    const isThere = this.#sent.size === 0 && isGraph && (await inspectImage(this.#api, made.id, signal)) !== undefined;
    if (!isThere) await this.#load(made.files, signal);
    await this.#checkBelieved(signal);
    await this.#giveNames(made.id, names, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stream?.destroy();
    await (await this.#behind)?.[Symbol.asyncDispose]();
    this.#api[Symbol.dispose]();
  }

  /** Another one for a broken one: what was sent has to be sent again, as `has` and `publish` say from then on. */
  #openStream(): LoadStream {
    if (this.#stream === undefined || this.#stream.failure !== undefined) {
      this.#sent.clear();
      this.#stream = new LoadStream(this.#api);
    }
    return this.#stream;
  }

  async #checkLayers(layers: readonly { descriptor: Descriptor; chainId: Digest }[], signal: AbortSignal) {
    const known = await this.#known(signal);
    const missing = layers.find(({ descriptor, chainId }) => !this.#sent.has(descriptor.digest) && !known.has(chainId));
    if (missing === undefined) return;
    const { digest } = missing.descriptor;
    if (!isForeign(missing.descriptor)) throw this.#gone(digest);
    const message = `layer ${digest} may be had from its maker only, and ${this.#api.name} does not have it`;
    throw new BerthError('failed_precondition', message, {
      code: 'foreign_layer',
      hint: 'pull the image there: docker fetches such layers itself',
    });
  }

  async #channelBehind(signal: AbortSignal): Promise<Channel | undefined> {
    // Its code is large, and of no use for graph stores.
    const { connectBehind } = await import('./containerd-store.ts');
    this.#behind ??= connectBehind(this.#connection, signal);
    return await this.#behind;
  }

  async #isBehind(descriptor: Descriptor, signal: AbortSignal): Promise<boolean> {
    const channel = await this.#channelBehind(signal);
    const { hasBlob } = await import('./containerd-store.ts');
    return channel !== undefined && (await hasBlob(channel, descriptor, signal));
  }

  /** Nothing kept what was there before the load. */
  async #checkBelieved(signal: AbortSignal): Promise<void> {
    for (const descriptor of this.#believed.values()) {
      this.#believed.delete(descriptor.digest);
      if (!(await this.#isBehind(descriptor, signal))) throw this.#gone(descriptor.digest);
    }
  }

  async #load(files: ReadonlyMap<string, Uint8Array>, signal: AbortSignal): Promise<void> {
    const stream = this.#openStream();
    const cancel = () => stream.destroy();
    signal.addEventListener('abort', cancel, { once: true });
    try {
      for (const [path, bytes] of files) await stream.file(path, bytes);
      // An abort before the listener was there is not told to it.
      signal.throwIfAborted();
      const failure = loadFailure(this.#api.name, await stream.end());
      if (failure !== undefined) throw await this.#explained(failure);
    } finally {
      signal.removeEventListener('abort', cancel);
      this.#stream = undefined;
      this.#sent.clear();
      // What is known has changed, either way.
      this.#chains = undefined;
    }
  }

  /** The loader names the file of a layer that it neither has nor found in the archive. */
  async #explained(failure: BerthError): Promise<BerthError> {
    const [, hex] = /blobs\/sha256\/([0-9a-f]{64}): no such file/.exec(failure.message) ?? [];
    return hex === undefined ? failure : this.#gone(`sha256:${hex}`, failure);
  }

  #gone(digest: Digest, cause?: unknown): BerthError {
    this.#chains = undefined;
    this.#wanted.add(digest);
    const message = `${this.#api.name} no longer has layer ${digest}, or did not get it`;
    return new BerthError('aborted', message, { code: 'content_gone', hint: 'copy it once more', cause });
  }

  /** @throws internal (`docker_load`) when the daemon has another image than was sent */
  async #giveNames(id: Digest, names: readonly string[], signal: AbortSignal): Promise<void> {
    const found = await inspectImage(this.#api, id, signal);
    if (found === undefined || found.id !== id)
      throw new BerthError('internal', `${this.#api.name} has no image ${id} after the load`, { code: 'docker_load' });
    for (const name of names.filter((each) => !found.names.includes(each))) {
      const { domain, path, tag = 'latest' } = parseReference(name);
      const query = new URLSearchParams({ repo: `${domain}/${path}`, tag });
      await this.#api.post(`/images/${id}/tag?${query.toString()}`, signal);
    }
  }

  #known(signal: AbortSignal): Promise<ReadonlySet<Digest>> {
    this.#chains ??= knownChains(this.#api, signal).catch((error: unknown) => {
      this.#chains = undefined;
      throw error;
    });
    return this.#chains;
  }
}

function abilitiesOf(facts: DockerFacts): TargetAbilities {
  const keeps = facts.store === 'containerd';
  // dockerd reads zstd since 23.0, whose API is 1.42.
  const zstd = keeps || isAtLeast(facts, 1, 42);
  return {
    index: keeps,
    sparseIndex: keeps,
    manifestBytes: keeps,
    artifacts: keeps,
    compressions: zstd ? ['none', 'gzip', 'zstd'] : ['none', 'gzip'],
  };
}
