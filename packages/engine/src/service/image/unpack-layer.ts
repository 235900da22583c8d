import { randomBytes } from 'node:crypto';
import type { CallContext } from '@berth/model/context';
import { BerthError, isKind } from '@berth/model/error';
import { applyLayer } from '@berth/image/layer/apply';
import type { LayerJob, LayerResult } from '@berth/image/layer/job';
import { amountOf, type SharedProgress } from '@berth/image/layer/shared-progress';
import type { Ingest, Labels } from '#store/content';
import type { Snapshot } from '#store/snapshot';
import { allOrNone } from './all-or-none.ts';
import type { ImageBackend } from './backend.ts';
import { type Download, prepareDownload } from './download.ts';
import { ensureLabels } from './ensure-labels.ts';
import { diffIdLabel } from './labels.ts';
import type { LayerStep } from './layer-steps.ts';
import { dropIngest, isUseless, openIngest } from './open-ingest.ts';
import type { Slots } from './slots.ts';
import type { LayerReport } from './layer-report.ts';
import type { LayerPlace, UnpackOptions } from './unpack.ts';

/** A layer as the one above it sees it. */
export interface StackedLayer {
  /** Its folder and all below, the top one first. */
  readonly folders: Promise<readonly string[]>;
  /** False when it failed. */
  readonly committed: Promise<boolean>;
  /** The same for a worker thread. */
  readonly ready: SharedProgress;
}

export interface LayerWork {
  readonly step: LayerStep;
  readonly lower: StackedLayer;
  readonly place: LayerPlace;
  readonly workers: Slots;
  /** What goes when all layers of the image have come to their ends. */
  readonly spent: AsyncDisposableStack;
  readonly report: LayerReport;
  readonly options: UnpackOptions;
}

/**
 * The bytes were wrong, and some of them came from an earlier try: a power cut may have taken them. What was left is
 * dropped, so that all of it comes anew when the image is tried again.
 */
export class StaleBytes extends BerthError {}

/** Brings one layer into the content store and unpacks it, as far as that is still to be done. */
export async function takeLayer(backend: ImageBackend, context: CallContext, work: LayerWork): Promise<void> {
  const { step, place, options, report } = work;
  const isUnpacked = await has(() => backend.snapshots.stat(context, step.chain));
  await using ingest = await openIngest(backend, context, step.layer);
  if (isUnpacked) place.begin(await backend.snapshots.layers(context, step.chain));
  const labels = { ...diffIdLabel(step.diffId), ...(await options.labelsOf?.(step.layer)) };
  if (isUnpacked && ingest === undefined) {
    await ensureLabels(backend, context, { digest: step.layer.digest, labels });
    report.present();
    return;
  }
  const result = await transfer(backend, context, { work, ingest, isUnpacked, labels });
  if (ingest === undefined) await ensureLabels(backend, context, { digest: step.layer.digest, labels });
  report.done(context.log, result);
}

interface Transfer {
  readonly work: LayerWork;
  /** Absent when the blob is there and only has to be unpacked. */
  readonly ingest: Ingest | undefined;
  readonly isUnpacked: boolean;
  readonly labels: Labels;
}

/** The bytes come in one task, and are followed in another. */
async function transfer(backend: ImageBackend, context: CallContext, parts: Transfer): Promise<LayerResult> {
  const { work, ingest } = parts;
  const { step, options, report } = work;
  const blob = options.find(step.layer);
  const download =
    ingest === undefined || blob.file !== undefined ? undefined : await prepareDownload(ingest, step.layer, blob);
  const wasCutOff = download !== undefined && ingest !== undefined && ingest.offset > 0;
  let result: LayerResult | undefined;
  try {
    await allOrNone(context, [
      async ({ signal }) => {
        if (download === undefined) return;
        await backend.downloads.run(signal, () => download.run({ signal, onProgress: report.downloading }));
      },
      async (inner) => void (result = await follow(backend, inner, { ...parts, download })),
    ]);
  } catch (error) {
    // Another layer's failure says nothing of these bytes.
    const own = context.signal.aborted ? undefined : error;
    // What came from a file is quickly had again.
    const received = download === undefined ? 0 : amountOf(download.growth);
    if (ingest !== undefined && isUseless(own, received)) await dropIngest(backend, context, ingest);
    if (wasCutOff && isKind(own, 'data_loss')) {
      throw new StaleBytes(own.kind, own.message, { code: own.code, cause: own });
    }
    throw error;
  }
  return result!;
}

interface Following extends Transfer {
  readonly download: Download | undefined;
}

/** Takes a thread when all layers below have theirs, and commits what it did when they have. */
async function follow(backend: ImageBackend, context: CallContext, parts: Following): Promise<LayerResult> {
  const { work, ingest, isUnpacked, labels } = parts;
  const { step, lower, workers, place } = work;
  const below = await lower.folders;
  const isStacked = backend.snapshots.driver !== 'overlayfs';
  if (isStacked) await lower.committed;
  return await workers.run(context.signal, async () => {
    const parent = isStacked ? step.parent : '';
    await using snapshot = isUnpacked ? undefined : await newSnapshot(backend, context, { parent, spent: work.spent });
    if (snapshot !== undefined) place.begin([snapshot.path, ...below]);
    const job = layerJob(backend, { ...parts, snapshot, below });
    const run = { signal: context.signal, onProgress: work.report.reading };
    const result = await applyLayer(job, run).catch((error: unknown) => throwCause(error, context.signal));
    const verified = { digest: result.digest, size: result.size };
    await ingest?.commit(context, step.layer, { labels, verified });
    if (snapshot === undefined) return result;
    if (!(await lower.committed)) throw new BerthError('aborted', 'a lower layer failed', { code: 'source_failed' });
    await snapshot.commit(step, isStacked);
    return result;
  });
}

/** What a thread was following failed: it is told why by the signal. */
function throwCause(error: unknown, signal: AbortSignal): never {
  if (error instanceof BerthError && error.code === 'source_failed') signal.throwIfAborted();
  throw error;
}

interface JobParts extends Following {
  readonly snapshot: Snapshot | undefined;
  readonly below: readonly string[];
}

function layerJob(backend: ImageBackend, parts: JobParts): LayerJob {
  const { ingest, snapshot, below, download, work } = parts;
  const { layer, diffId, compression } = work.step;
  const { path, offset } = work.options.find(layer).file ?? {
    path: ingest?.path ?? backend.blobPath(layer.digest),
    offset: 0,
  };
  const source = { path, offset, length: layer.size };
  const isCopied = ingest !== undefined && download === undefined;
  return {
    source: download === undefined ? source : { ...source, growth: download.growth },
    compression,
    whiteouts: backend.snapshots.driver === 'overlayfs' ? 'overlay' : 'remove',
    expect: { digest: layer.digest, size: layer.size, diffId },
    ...(isCopied ? { copyTo: ingest.path } : {}),
    ...(snapshot === undefined ? {} : unpackInto(work, snapshot, below)),
  };
}

function unpackInto({ lower }: LayerWork, { path }: Snapshot, parents: readonly string[]): Partial<LayerJob> {
  const order = parents.length === 0 ? {} : { parents, parentsReady: lower.ready };
  return { unpackTo: path, sync: true, ...order };
}

interface NewSnapshot extends Snapshot, AsyncDisposable {
  /** Under its chain id, on its parent. */
  commit(step: LayerStep, hasParent: boolean): Promise<void>;
}

/** A folder for a layer; it goes again unless it is committed. */
async function newSnapshot(
  backend: ImageBackend,
  context: CallContext,
  { parent, spent }: { readonly parent: string; readonly spent: AsyncDisposableStack },
): Promise<NewSnapshot> {
  const key = `unpack-${randomBytes(8).toString('hex')}`;
  const snapshot = await backend.snapshots.prepare(context, key, parent);
  let isOpen = true;
  const remove = async (): Promise<void> => {
    try {
      await backend.snapshots.remove(context, key);
    } catch (error) {
      // On a full disk, say. The collection after the failed call takes it.
      context.log.warn('a layer that was not finished could not be removed', { key, error: String(error) });
    }
  };
  return {
    ...snapshot,
    async commit(step, hasParent) {
      try {
        // The worker has synced what it wrote.
        const onto = hasParent || step.parent === '' ? {} : { parent: step.parent };
        await backend.snapshots.commit(context, step.chain, key, { synced: true, ...onto });
      } catch (error) {
        // Another unpack of the same layer was quicker: its result serves both, but layers above look into this one still.
        if (!isKind(error, 'already_exists')) throw error;
        spent.defer(remove);
      }
      isOpen = false;
    },
    async [Symbol.asyncDispose]() {
      if (isOpen) await remove();
    },
  };
}

async function has(look: () => Promise<unknown>): Promise<boolean> {
  try {
    await look();
    return true;
  } catch (error) {
    if (isKind(error, 'not_found')) return false;
    throw error;
  }
}
