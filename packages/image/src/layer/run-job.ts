import { createHash, type Hash } from 'node:crypto';
import { closeSync, constants, openSync } from 'node:fs';
import { syncfs } from '@berth/addon/file';
import type { Digest } from '@berth/model/digest';
import { BerthError } from '@berth/model/error';
import type { TarSink } from '../tar/entry.ts';
import { TarParser } from '../tar/parser.ts';
import { adoptFolders } from './adopt-folders.ts';
import { algorithmOf, BlobPass, type JobObserver, type Measured } from './blob-pass.ts';
import { createInflater, type Inflater } from './inflate.ts';
import type { LayerJob, LayerResult } from './job.ts';
import { PhaseClock } from './phase-clock.ts';
import { ended } from './shared-progress.ts';
import { Unpacker } from './unpacker.ts';

/**
 * Reads a blob once; on the way it is measured, copied, inflated, measured again and unpacked. Meant for a
 * worker thread: all calls but zlib's are synchronous.
 *
 * @throws data_loss (`digest_mismatch`, `size_mismatch`, `diff_id_mismatch`, `truncated`), invalid_argument
 *   (a layer that cannot be unpacked: `bad_tar`, `bad_compression`, `path_escape`, `bad_whiteout`),
 *   resource_exhausted (disk full), aborted (`source_failed`: what it followed has failed, and says why itself)
 */
export async function runJob(job: LayerJob, observer: JobObserver): Promise<LayerResult> {
  const clock = new PhaseClock();
  using unpacker = job.unpackTo === undefined ? undefined : new Unpacker(job.unpackTo, job.whiteouts ?? 'overlay');
  if (job.parentsReady !== undefined) unpacker?.tree.implied.add('');
  const run = { job, observer, clock };
  const diff = inflatesFor(job) ? new DiffReader(run, unpacker) : undefined;
  const { digest, size } = await readBlob(run, diff);
  const diffId = finishDiff(job, diff) ?? (job.compression === 'none' ? digest : undefined);
  checkDiffId(job, digest, diffId);
  const impliedFolders = unpacker === undefined ? [] : await finishFolder(run, unpacker);
  return {
    digest,
    size,
    ...(diffId === undefined ? {} : { diffId }),
    unpackedBytes: unpacker?.bytes ?? 0,
    entries: unpacker?.entries ?? 0,
    impliedFolders,
    timing: clock.timing(),
  };
}

/** What every step of a job shares. */
interface Run {
  readonly job: LayerJob;
  readonly observer: JobObserver;
  readonly clock: PhaseClock;
}

function finishDiff(job: LayerJob, diff: DiffReader | undefined): Digest | undefined {
  try {
    return diff?.finish();
  } catch (error) {
    throw inflateError(job, error);
  }
}

function inflatesFor(job: LayerJob): boolean {
  if (job.unpackTo !== undefined || job.wantDiffId === true) return true;
  return job.compression !== 'none' && job.expect?.diffId !== undefined;
}

const ignoring: TarSink = { entry() {}, data() {}, end() {} };

/** The uncompressed side: its digest and, when something is unpacked, the parser. */
class DiffReader {
  readonly #hash: Hash | undefined;
  readonly #algorithm: 'sha256' | 'sha512';
  readonly #parser: TarParser | undefined;
  readonly inflater: Inflater;

  constructor({ job, observer, clock }: Run, unpacker: Unpacker | undefined) {
    const { compression, expect, wantDiffId } = job;
    this.#algorithm = algorithmOf(expect?.diffId);
    // An uncompressed blob's digest is its diff id.
    const same = compression === 'none' && this.#algorithm === algorithmOf(expect?.digest);
    this.#hash = same ? undefined : createHash(this.#algorithm);
    const sink = unpacker ?? (wantDiffId === true ? ignoring : undefined);
    this.#parser = sink === undefined ? undefined : new TarParser(sink);
    this.inflater = createInflater(compression, (bytes) => {
      observer.checkpoint();
      clock.run('hash', () => this.#hash?.update(bytes));
      clock.run('unpack', () => this.#parser?.push(bytes));
    });
  }

  /** The diff id, when it is not the blob's own digest. @throws data_loss when the tar is cut off */
  finish(): Digest | undefined {
    this.#parser?.finish();
    return this.#hash === undefined ? undefined : `${this.#algorithm}:${this.#hash.digest('hex')}`;
  }
}

/**
 * The compressed side. When inflating or unpacking fails, the rest is still measured: bytes that are not
 * the promised ones are reported as such, not by what they broke.
 */
async function readBlob({ job, observer, clock }: Run, diff: DiffReader | undefined): Promise<Measured> {
  using blob = new BlobPass(job, observer, clock);
  try {
    for (let piece = await blob.next(); piece !== undefined; piece = await blob.next()) {
      if (diff === undefined) blob.release(piece);
      else await diff.inflater.write(piece, () => blob.release(piece));
    }
    await diff?.inflater.end();
  } catch (error) {
    diff?.inflater.destroy();
    if (error instanceof BerthError && !mayComeFromContent(error)) throw error;
    for (let piece = await blob.next(); piece !== undefined; piece = await blob.next()) blob.release(piece);
    checkBlob(job, blob.measured());
    throw inflateError(job, error);
  }
  const measured = blob.measured();
  checkBlob(job, measured);
  blob.complete();
  return measured;
}

function mayComeFromContent(error: BerthError): boolean {
  return error.kind === 'invalid_argument' || error.kind === 'data_loss';
}

function checkBlob({ expect, source }: LayerJob, { digest, size }: Measured): void {
  const wanted = source.length ?? size;
  if (size < wanted)
    throw new BerthError('data_loss', `blob ${expect?.digest ?? digest} ends after ${size} of ${wanted} bytes`, {
      code: 'truncated',
    });
  if (expect?.size !== undefined && expect.size !== size) {
    throw new BerthError('data_loss', `blob ${expect.digest ?? digest} has ${size} bytes instead of ${expect.size}`, {
      code: 'size_mismatch',
    });
  }
  if (expect?.digest !== undefined && expect.digest !== digest) {
    throw new BerthError('data_loss', `blob ${expect.digest} has the digest ${digest}`, { code: 'digest_mismatch' });
  }
}

function checkDiffId({ expect }: LayerJob, digest: Digest, diffId: Digest | undefined): void {
  if (expect?.diffId === undefined || expect.diffId === diffId) return;
  throw new BerthError('data_loss', `layer ${digest} unpacks to ${diffId} instead of ${expect.diffId}`, {
    code: 'diff_id_mismatch',
    hint: 'the image config names another content than the layer has: the image was put together wrongly',
  });
}

function inflateError(job: LayerJob, error: unknown): BerthError {
  const name = job.expect?.digest ?? job.source.path;
  if (error instanceof BerthError)
    return new BerthError(error.kind, `layer ${name}: ${error.message}`, { code: error.code, cause: error });
  const message = error instanceof Error ? error.message : String(error);
  return new BerthError('invalid_argument', `layer ${name} cannot be inflated as ${job.compression}: ${message}`, {
    code: 'bad_compression',
    cause: error,
  });
}

async function finishFolder({ job, observer, clock }: Run, unpacker: Unpacker): Promise<readonly string[]> {
  if (job.parentsReady !== undefined) {
    const { state } = await clock.wait(
      'order',
      ended(job.parentsReady, () => observer.checkpoint()),
    );
    if (state === 'failed') throw new BerthError('aborted', 'a lower layer failed', { code: 'source_failed' });
  }
  // Folders' own times come last: adopting sets some too, and makes nothing.
  const implied = adoptFolders(job.unpackTo!, [...unpacker.tree.implied], job.parents ?? []);
  unpacker.finish();
  if (job.sync === true) clock.run('sync', () => syncFileSystem(job.unpackTo!));
  return implied;
}

function syncFileSystem(folder: string): void {
  const fd = openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    syncfs(fd);
  } finally {
    closeSync(fd);
  }
}
