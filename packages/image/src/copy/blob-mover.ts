import { tmpdir } from 'node:os';
import { type Digest, shortId } from '@berth/model/digest';
import { BerthError } from '@berth/model/error';
import type { Descriptor } from '@berth/model/manifest';
import { type Compression, layerCompression } from '@berth/model/media-type';
import type { BlobHints, ImageSource, ImageTarget, SourceBlob } from '../medium/medium.ts';
import type { CopyOptions, CopyStatus } from './contract.ts';
import { Lanes } from './lanes.ts';
import { recompress } from './recompress.ts';
import { layerTypeOf } from './rewrite.ts';
import { resumingBlob, type RetryOptions, withRetries } from './retry.ts';

/** From where to where, and how. */
export interface CopyJob {
  readonly source: ImageSource;
  readonly target: ImageTarget;
  readonly options: CopyOptions;
  /** Ends as well when another part of the copy fails. */
  readonly signal: AbortSignal;
}

/** What is known of a layer besides its descriptor. */
export type LayerFacts = Pick<BlobHints, 'diffId' | 'chainId' | 'platform'>;

/** Moves blobs, each once for the whole copy, some of them at once. */
export class BlobMover {
  /** Bytes. */
  sent = 0;
  present = 0;
  readonly #job: CopyJob;
  readonly #lanes: Lanes;
  readonly #moved = new Map<Digest, Promise<Descriptor>>();

  constructor(job: CopyJob) {
    this.#job = job;
    this.#lanes = new Lanes(job.options.concurrency ?? 3);
  }

  /** @returns the blob's descriptor at the target: another one where its compression had to change */
  async blob(descriptor: Descriptor, facts: LayerFacts): Promise<Descriptor> {
    if (!this.#moved.has(descriptor.digest)) this.#tell(descriptor, 'waiting', 0);
    const now = await this.#once(descriptor, async () => await this.#blob(descriptor, facts));
    if (now.digest === descriptor.digest) return descriptor;
    // Another manifest may have named the same blob in the other family's words.
    return { ...now, mediaType: layerTypeOf(descriptor.mediaType, layerCompression(now.mediaType) ?? 'none') };
  }

  /** A config: small, and not put where it is. */
  async config(descriptor: Descriptor, bytes: Uint8Array): Promise<void> {
    const { target, signal } = this.#job;
    await this.#once(descriptor, async () => {
      const present = await this.atTarget(descriptor, async () => await target.has(descriptor, this.#hints({})));
      if (!present) await this.document(descriptor, bytes);
      return descriptor;
    });
    signal.throwIfAborted();
  }

  async document(descriptor: Descriptor, bytes: Uint8Array): Promise<void> {
    const { target, signal } = this.#job;
    await this.atTarget(descriptor, async () => await target.putDocument(descriptor, bytes, signal));
  }

  /** Asks something of the source: tries again what may pass, and tells so. */
  async atSource<T>(descriptor: Descriptor, attempt: () => Promise<T>): Promise<T> {
    return await withRetries(attempt, this.#retry(descriptor, this.#job.source));
  }

  /** As `atSource`. */
  async atTarget<T>(descriptor: Descriptor, attempt: () => Promise<T>): Promise<T> {
    return await withRetries(attempt, this.#retry(descriptor, this.#job.target));
  }

  /** What the target lost meanwhile is asked for, and put, once more. */
  forget(): void {
    this.#moved.clear();
  }

  async #once({ digest }: Descriptor, move: () => Promise<Descriptor>): Promise<Descriptor> {
    const moving = this.#moved.get(digest) ?? this.#lanes.run(move);
    this.#moved.set(digest, moving);
    return await moving;
  }

  async #blob(descriptor: Descriptor, facts: LayerFacts): Promise<Descriptor> {
    this.#job.signal.throwIfAborted();
    const compression = this.#compressionFor(descriptor);
    if (compression !== undefined && !this.#isKnownByContent())
      return await this.#inAnother(compression, descriptor, facts);
    const { source, signal } = this.#job;
    if (await this.#isThere(descriptor, facts)) return descriptor;
    if (compression !== undefined) return await this.#inAnother(compression, descriptor, facts);
    const substitute = await this.#substitute(descriptor, facts);
    if (substitute !== undefined) return substitute;
    // The licence of such a layer lets only its maker hand it out: whoever unpacks it fetches it there.
    if (isForeign(descriptor) && !(await this.atSource(descriptor, async () => await source.has(descriptor, signal))))
      return descriptor;
    await this.#put(descriptor, source.blob(descriptor), facts);
    return descriptor;
  }

  async #isThere(descriptor: Descriptor, facts: LayerFacts): Promise<boolean> {
    const { target } = this.#job;
    const found = await this.atTarget(descriptor, async () => await target.has(descriptor, this.#hints(facts)));
    if (!found) return false;
    this.present += descriptor.size;
    this.#tell(descriptor, 'already there');
    return true;
  }

  async #substitute(descriptor: Descriptor, { diffId }: LayerFacts): Promise<Descriptor | undefined> {
    const { source, target, options, signal } = this.#job;
    if (source.makesManifests !== true || options.preserveDigests === true || diffId === undefined) return undefined;
    const found = await this.atTarget(descriptor, async () => await target.substitute?.(descriptor, diffId, signal));
    if (found === undefined) return undefined;
    this.present += found.size;
    this.#tell(descriptor, 'already there');
    return found;
  }

  async #put(descriptor: Descriptor, blob: SourceBlob, facts: LayerFacts): Promise<void> {
    const { source, target } = this.#job;
    const resuming = resumingBlob(blob, descriptor, this.#retry(descriptor, source));
    const onProgress = (bytes: number): void => this.#tell(descriptor, 'copying', bytes);
    this.#tell(descriptor, 'copying', 0);
    await this.atTarget(
      descriptor,
      async () => await target.putBlob(descriptor, resuming, { ...this.#hints(facts), onProgress }),
    );
    this.sent += descriptor.size;
    this.#tell(descriptor, 'copied', descriptor.size);
  }

  async #inAnother(compression: Compression, layer: Descriptor, facts: LayerFacts): Promise<Descriptor> {
    const { source, signal, options } = this.#job;
    const resuming = resumingBlob(source.blob(layer), layer, this.#retry(layer, source));
    await using made = await recompress(layer, resuming, {
      compression,
      scratch: options.scratch ?? tmpdir(),
      signal,
      ...(facts.diffId === undefined ? {} : { diffId: facts.diffId }),
      onProgress: (bytes) => this.#tell(layer, 'compressing', bytes),
    });
    if (!(await this.#isThere(made.descriptor, facts))) await this.#put(made.descriptor, made.blob, facts);
    return made.descriptor;
  }

  /** The compression that the layer has to get; undefined when it stays as it is. @throws failed_precondition */
  #compressionFor(descriptor: Descriptor): Compression | undefined {
    const { target, options } = this.#job;
    const own = layerCompression(descriptor.mediaType);
    if (own === undefined || isForeign(descriptor)) return undefined;
    const { compressions } = target.abilities;
    const wanted = options.compress ?? (compressions.includes(own) ? own : bestOf(compressions));
    if (wanted === own) return undefined;
    if (options.preserveDigests === true) throw wouldChange(descriptor, target.title, own, wanted);
    return wanted;
  }

  /** Where layers are kept unpacked, how one was compressed does not matter to find it. */
  #isKnownByContent(): boolean {
    const { target, options } = this.#job;
    return !target.abilities.manifestBytes && options.compress === undefined;
  }

  #hints(facts: LayerFacts): BlobHints {
    const { source, signal } = this.#job;
    return { ...facts, signal, ...(source.origin === undefined ? {} : { origin: source.origin }) };
  }

  #retry({ digest }: Descriptor, { triesAgain = false }: Pick<ImageSource, 'triesAgain'>): RetryOptions {
    const { options, signal } = this.#job;
    const onRetry = (): void => options.onProgress?.({ id: shortId(digest), status: 'trying again' });
    return { retries: options.retries ?? (triesAgain ? 0 : 3), signal, onRetry };
  }

  #tell({ digest, size }: Descriptor, status: CopyStatus, current?: number): void {
    const bytes = current === undefined ? {} : { current, total: size };
    this.#job.options.onProgress?.({ id: shortId(digest), status, ...bytes });
  }
}

/** Layers that may not be handed on (image-spec, layer.md, "Non-Distributable Layers"). */
export function isForeign({ mediaType }: Pick<Descriptor, 'mediaType'>): boolean {
  return mediaType.includes('.nondistributable.') || mediaType.includes('.foreign.');
}

function bestOf(compressions: readonly Compression[]): Compression {
  return (['gzip', 'zstd', 'none'] as const).find((one) => compressions.includes(one)) ?? 'none';
}

function wouldChange({ digest }: Descriptor, title: string, own: Compression, wanted: Compression): BerthError {
  return new BerthError(
    'failed_precondition',
    `layer ${digest} is ${own === 'none' ? 'not compressed' : own} and would be ${wanted === 'none' ? 'inflated' : wanted} in ${title}: the image would get another digest`,
    { code: 'digest_would_change', hint: 'leave --preserve-digests out' },
  );
}
