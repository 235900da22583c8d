import { createHash, type Hash } from 'node:crypto';
import { digestAlgorithm } from '@berth/model/digest';
import { asError, BerthError } from '@berth/model/error';
import type { Descriptor } from '@berth/model/manifest';
import { tarEnd, tarHeader, tarPadding } from '../../tar/writer.ts';
import type { BlobHints, SourceBlob } from '../medium.ts';
import type { DockerApi, Upload } from './api.ts';

/** A member whose header has been sent: nothing else may follow before all of its bytes. */
interface OpenMember {
  readonly path: string;
  readonly descriptor: Descriptor;
  readonly hash: Hash;
  source: SourceBlob;
  written: number;
}

/**
 * The one tar of a `POST /images/load`. Blobs that come at once are sent one after the other. When a blob's source fails
 * half way, the member stays open: the same blob goes on where it stopped, and any other finishes it first.
 *
 * What was sent wrong cannot be taken back: then the whole stream is broken off, and the daemon keeps nothing of it.
 */
export class LoadStream {
  readonly #upload: Upload;
  readonly #aborter = new AbortController();
  #turn: Promise<void> = Promise.resolve();
  #member: OpenMember | undefined;
  #failure: Error | undefined;
  #wake: (() => void) | undefined;
  #ended = false;

  constructor(api: DockerApi) {
    this.#upload = api.upload('/images/load?quiet=1', this.#aborter.signal);
    const early = () => new BerthError('aborted', `${api.name} ended the load early`, { code: 'connection_lost' });
    this.#upload.answer.then(
      (said) => this.#ended || this.#fail(loadFailure(api.name, said) ?? early()),
      (error: unknown) => this.#fail(asError(error)),
    );
  }

  /** Why it is broken: another one is needed. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** @throws data_loss (`digest_mismatch`, `size_mismatch`), and what the source or the daemon says */
  async blob(path: string, descriptor: Descriptor, { source, hints }: { source: SourceBlob; hints: BlobHints }) {
    await this.#inTurn(async () => {
      if (this.#member !== undefined && this.#member.path !== path) await this.#complete(this.#member, hints.signal);
      if (this.#member === undefined) {
        await this.#write(tarHeader({ name: path, size: descriptor.size }));
        const hash = createHash(digestAlgorithm(descriptor.digest));
        this.#member = { path, descriptor, hash, source, written: 0 };
      }
      this.#member.source = source;
      await this.#complete(this.#member, hints.signal, hints.onProgress);
    });
  }

  async file(path: string, bytes: Uint8Array): Promise<void> {
    await this.#inTurn(async () => {
      for (const part of [tarHeader({ name: path, size: bytes.length }), bytes, tarPadding(bytes.length)])
        await this.#write(part);
    });
  }

  /** Sends the end. @returns what the daemon said */
  async end(): Promise<string> {
    await this.#inTurn(() => this.#write(tarEnd));
    this.#ended = true;
    this.#upload.body.end();
    return await this.#upload.answer;
  }

  /** Breaks it off; nothing is waited for any more. A daemon that has all of it may finish by itself. */
  destroy(): void {
    this.#fail(new BerthError('cancelled', 'the load was broken off'));
    this.#aborter.abort();
  }

  async #complete(member: OpenMember, signal: AbortSignal, onProgress?: (bytes: number) => void): Promise<void> {
    const { descriptor, hash, source } = member;
    for await (const piece of source.read(signal, member.written)) {
      if (member.written + piece.length > descriptor.size) throw this.#broken(wrongSize(descriptor, 'more'));
      hash.update(piece);
      member.written += piece.length;
      await this.#write(piece);
      onProgress?.(member.written);
    }
    if (member.written < descriptor.size) throw this.#broken(wrongSize(descriptor, `${member.written}`));
    const actual = `${digestAlgorithm(descriptor.digest)}:${hash.digest('hex')}`;
    if (actual !== descriptor.digest) throw this.#broken(wrongDigest(descriptor, actual));
    await this.#write(tarPadding(descriptor.size));
    this.#member = undefined;
  }

  async #inTurn(work: () => Promise<void>): Promise<void> {
    const before = this.#turn;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#turn = promise;
    await before;
    try {
      await work();
    } finally {
      resolve();
    }
  }

  async #write(bytes: Uint8Array): Promise<void> {
    if (this.#failure === undefined && bytes.length > 0 && !this.#upload.body.write(bytes)) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        this.#upload.body.once('drain', resolve);
      });
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  #broken(error: BerthError): BerthError {
    this.#fail(error);
    return error;
  }

  #fail(error: Error): void {
    if (this.#ended) return;
    this.#failure ??= error;
    this.#wake?.();
    this.#aborter.abort();
  }
}

/** What a load that failed says comes in a body after status 200: the failure, or undefined. */
export function loadFailure(daemon: string, said: string): BerthError | undefined {
  for (const line of said.split('\n')) {
    if (!line.includes('"error')) continue;
    let message = line;
    try {
      message = (JSON.parse(line) as { error?: string }).error ?? line;
    } catch {
      // Told as it came.
    }
    const isFull = /no space left|disk quota/.test(message);
    const detail = isFull ? { code: 'disk_full' } : { code: 'docker_load' };
    return new BerthError(isFull ? 'resource_exhausted' : 'internal', `${daemon} does not load: ${message}`, detail);
  }
  return undefined;
}

function wrongSize({ digest, size }: Descriptor, actual: string): BerthError {
  const message = `blob ${digest} has ${actual} bytes ${actual === 'more' ? 'than' : 'instead of'} ${size}`;
  return new BerthError('data_loss', message, { code: 'size_mismatch' });
}

function wrongDigest({ digest }: Descriptor, actual: string): BerthError {
  return new BerthError('data_loss', `blob ${digest} has the digest ${actual}`, { code: 'digest_mismatch' });
}
