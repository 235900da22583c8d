import { availableParallelism } from 'node:os';
import type { CallContext } from '@berth/model/context';
import type { Descriptor } from '@berth/model/manifest';
import type { SourceBlob } from '@berth/image/medium/medium';
import { finish, sharedProgress } from '@berth/image/layer/shared-progress';
import type { Labels } from '#store/content';
import { allOrNone } from './all-or-none.ts';
import type { ImageBackend } from './backend.ts';
import type { Progress } from './contract.ts';
import type { PlatformImage } from './documents.ts';
import { LayerReport } from './layer-report.ts';
import { layerSteps, type LayerStep } from './layer-steps.ts';
import { Slots } from './slots.ts';
import { type StackedLayer, StaleBytes, takeLayer } from './unpack-layer.ts';

/** Finds a layer: in a file (then a worker reads it there), or behind a connection. */
export type FindLayer = (layer: Descriptor) => SourceBlob;

export interface UnpackOptions {
  readonly find: FindLayer;
  readonly progress: Progress;
  /** Further labels of the layers' blobs. */
  readonly labelsOf?: (layer: Descriptor) => Promise<Labels>;
}

/** Threads for one image. Inflating has threads of its own, and more of them than processors only take memory. */
const threads = Math.min(4, Math.max(2, availableParallelism()));

/**
 * Makes sure that every layer of the image is unpacked, and in the content store. Answers the chain id of the top layer.
 *
 * All layers are under way at once: they are downloaded, and unpacked side by side while they come. What has to be in
 * order is in order: a layer looks at the ones below it, and is committed, when those are.
 *
 * No two calls can wait for each other: an image asks for its turns at all its layers in one moment, threads are given
 * from the lowest layer up, and a layer waits only for those below it.
 */
export async function unpackImage(
  backend: ImageBackend,
  context: CallContext,
  image: PlatformImage,
  options: UnpackOptions,
): Promise<string> {
  const steps = layerSteps(image);
  // Each failure of this kind drops the bytes that caused it.
  for (let left = steps.length; ; left--) {
    try {
      await takeLayers(backend, context, steps, options);
      return steps.at(-1)?.chain ?? '';
    } catch (error) {
      if (!(error instanceof StaleBytes) || left === 0) throw error;
      context.log.warn('bytes that an earlier pull has left are damaged, and fetched again', { error: error.message });
    }
  }
}

async function takeLayers(
  backend: ImageBackend,
  context: CallContext,
  steps: readonly LayerStep[],
  options: UnpackOptions,
): Promise<void> {
  const workers = new Slots(threads);
  await using spent = new AsyncDisposableStack();
  let below: StackedLayer = ground();
  const tasks = steps.map((step) => {
    const lower = below;
    const place = newPlace();
    below = place.layer;
    const report = new LayerReport(step.layer, options);
    return async (inner: CallContext): Promise<void> => {
      try {
        const work = { step, lower, place, workers, spent, report, options };
        await backend.turns.run(step.layer.digest, inner.signal, () => takeLayer(backend, inner, work));
        place.end(true);
      } catch (error) {
        place.end(false);
        throw error;
      }
    };
  });
  await allOrNone(context, tasks);
}

/** Layers as the content store has them. */
export function storedLayers(backend: ImageBackend): FindLayer {
  return ({ digest }) => ({
    file: { path: backend.blobPath(digest), offset: 0 },
    read() {
      throw new TypeError('stored layers are read as files');
    },
  });
}

/** What the lowest layer lies on. */
function ground(): StackedLayer {
  const ready = sharedProgress();
  finish(ready, true);
  return { folders: Promise.resolve([]), committed: Promise.resolve(true), ready };
}

/** A layer's place on the stack, before anything is known of it. */
function newPlace(): LayerPlace {
  const folders = Promise.withResolvers<readonly string[]>();
  const committed = Promise.withResolvers<boolean>();
  const ready = sharedProgress();
  return {
    layer: { folders: folders.promise, committed: committed.promise, ready },
    begin: folders.resolve,
    end(success) {
      // Who waits for a layer that failed is told to stop, and needs an answer all the same.
      folders.resolve([]);
      committed.resolve(success);
      finish(ready, success);
    },
  };
}

/** How a layer tells the one above it how far it is. */
export interface LayerPlace {
  readonly layer: StackedLayer;
  /** Its folder and those below it are known, and it has its thread. */
  begin(folders: readonly string[]): void;
  end(success: boolean): void;
}
