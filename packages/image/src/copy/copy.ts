import { asError, BerthError, isKind } from '@berth/model/error';
import type { Descriptor } from '@berth/model/manifest';
import { chooseManifest } from '@berth/model/platform';
import type { ImageSource, ImageTarget, SourceImage } from '../medium/medium.ts';
import { BlobMover, type CopyJob } from './blob-mover.ts';
import type { CopyOptions, CopyResult } from './contract.ts';
import { fitTree, type FittingTree } from './fit.ts';
import { allOrStop } from './lanes.ts';
import { moveTree, type TreeMover } from './move-tree.ts';
import { isArtifact, leaves, type ManifestNode, readTree } from './tree.ts';

/**
 * Copies what the source names into the target: blobs that are missing there, then documents, children first, then the
 * name. Nothing is visible before the last step, and nothing goes on after the call ended.
 *
 * @throws invalid_argument (`several_images`), failed_precondition (`digest_would_change`, `one_platform`, `no_artifacts`),
 *   not_found (`no_such_platform`, `missing_platform`), data_loss (wrong bytes), cancelled; what source and target throw
 */
export async function copyImages(source: ImageSource, target: ImageTarget, options: CopyOptions): Promise<CopyResult> {
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  try {
    options.signal.throwIfAborted();
    const job = { source, target, options, signal };
    const blobs = new BlobMover(job);
    const together: TreeMover['together'] = async (tasks) => await allOrStop(tasks, (reason) => stop.abort(reason));
    const copied: CopyResult['images'][number][] = [];
    for (const image of await imagesOf(source, target, signal)) {
      copied.push(await copyOne(job, image, { blobs, together, format: options.format }));
    }
    await target.finish?.(signal);
    return { images: copied, sent: blobs.sent, present: blobs.present };
  } catch (error) {
    if (!options.signal.aborted || error instanceof BerthError) throw asError(error);
    throw new BerthError('cancelled', `copying ${source.title} to ${target.title} was cancelled`, { cause: error });
  }
}

async function imagesOf(
  source: ImageSource,
  target: ImageTarget,
  signal: AbortSignal,
): Promise<readonly SourceImage[]> {
  const images = await source.images(signal);
  if (images.length === 1 || (images.length > 1 && target.keepsNames === true)) return images;
  if (images.length === 0) throw new BerthError('not_found', `${source.title} holds no image`, { code: 'no_images' });
  throw new BerthError(
    'invalid_argument',
    `${source.title} holds ${images.length} images, and ${target.title} takes one`,
    {
      code: 'several_images',
      hint: `name one of them: ${images
        .map(({ names }, at) => names[0] ?? `@${at}`)
        .slice(0, 5)
        .join(', ')}`,
    },
  );
}

async function copyOne(job: CopyJob, image: SourceImage, mover: TreeMover): Promise<CopyResult['images'][number]> {
  const { source, target, options, signal } = job;
  const { keepsNames = false } = target;
  const names = [...new Set([...(keepsNames ? image.names : []), ...(options.additionalNames ?? [])])];
  target.checkNames?.(names);
  const tree = await mover.blobs.atSource(
    image.target,
    async () => await readTree(source, image.target, { ...options, signal }),
  );
  const fitting = fitTree(tree, target, options);
  const id = names[0] ?? target.title;
  const published = await again(mover, async () => {
    const moved = await moveTree(mover, fitting);
    const now = moved.get(fitting.tree.descriptor.digest)!;
    const manifests = manifestsOf(fitting, moved);
    await mover.blobs.atTarget(now, async () => {
      await target.publish({ target: fitting.tree === tree ? now : asTarget(now), names, manifests }, signal);
    });
    return now;
  });
  options.onProgress?.({ id, status: 'done' });
  return { names, digest: published.digest };
}

/** A store may have collected what it said it has: everything is asked for once more, and put. */
async function again<T>({ blobs }: TreeMover, attempt: () => Promise<T>): Promise<T> {
  try {
    return await attempt();
  } catch (error) {
    if (!isKind(error, 'aborted') || error.code !== 'content_gone') throw error;
    blobs.forget();
    return await attempt();
  }
}

/** Manifest and config of the platform that a target would unpack. */
function manifestsOf({ tree }: FittingTree, moved: Awaited<ReturnType<typeof moveTree>>): readonly Descriptor[] {
  const images = leaves(tree).filter((leaf) => !isArtifact(leaf));
  const chosen = images.length === 1 ? images[0] : hostImage(images);
  if (chosen === undefined) return [];
  return [asTarget(moved.get(chosen.descriptor.digest)!), chosen.manifest.config];
}

function hostImage(images: readonly ManifestNode[]): ManifestNode | undefined {
  const host = chooseManifest(images.map(({ descriptor }) => descriptor));
  return images.find(({ descriptor }) => descriptor === host);
}

/** What an index says of its child is not said of the child alone. */
function asTarget({ mediaType, digest, size, artifactType }: Descriptor): Descriptor {
  return { mediaType, digest, size, ...(artifactType === undefined ? {} : { artifactType }) };
}
