import { BerthError } from '@berth/model/error';
import { mediaTypes } from '@berth/model/media-type';
import { isAttestation } from '@berth/model/platform';
import type { ImageTarget } from '../medium/medium.ts';
import type { CopyOptions } from './contract.ts';
import { type ImageTree, type IndexNode, isArtifact, leaves, type ManifestNode, nodes } from './tree.ts';

/** A tree in the form that the target takes. */
export interface FittingTree {
  readonly tree: ImageTree;
  /** The index becomes a new one of the chosen children. */
  readonly narrowed: boolean;
}

/**
 * An index keeps its bytes wherever the target takes it as it is. Else the manifest goes alone, or, of several, a new
 * index names just those.
 * @throws failed_precondition (`digest_would_change`, `one_platform`, `no_artifacts`), not_found (`missing_platform`)
 */
export function fitTree(tree: ImageTree, target: ImageTarget, options: CopyOptions): FittingTree {
  const { abilities, title } = target;
  if (options.preserveDigests === true && !abilities.manifestBytes) throw madeAnew(title);
  const fitting = tree.kind === 'manifest' ? { tree, narrowed: false } : fitIndex(tree, target, options);
  for (const leaf of leaves(fitting.tree)) {
    if (options.preserveDigests === true && options.format === 'oci' && isDocker(leaf)) throw wouldConvert(leaf);
    if (!abilities.artifacts && isArtifact(leaf)) throw noArtifacts(title, leaf);
  }
  return fitting;
}

function fitIndex(tree: IndexNode, { abilities, title }: ImageTarget, options: CopyOptions): FittingTree {
  const found = leaves(tree);
  if (!abilities.index) {
    const images = found.filter((leaf) => !isAttestation(leaf.descriptor));
    if (images.length === 1) return { tree: images[0]!, narrowed: false };
    throw onePlatform(title, images.length);
  }
  if (abilities.sparseIndex) return { tree, narrowed: false };
  if (options.platforms === 'all') {
    if (isWhole(tree)) return { tree, narrowed: false };
    throw missingPlatform(tree, title);
  }
  if (found.length === 1) return { tree: found[0]!, narrowed: false };
  if (isWhole(tree)) return { tree, narrowed: false };
  if (options.preserveDigests === true) throw wouldNarrow(tree, title);
  return { tree, narrowed: true };
}

/** Whether every child is chosen, all the way down. */
function isWhole(tree: IndexNode): boolean {
  return nodes(tree).every((node) => {
    if (node.kind === 'manifest') return true;
    const chosen = new Set(node.children.map(({ descriptor }) => descriptor.digest));
    return node.index.manifests.every(({ digest }) => chosen.has(digest));
  });
}

function isDocker({ descriptor }: ManifestNode): boolean {
  return descriptor.mediaType === mediaTypes.dockerManifest;
}

const changed = { code: 'digest_would_change' };

function madeAnew(title: string): BerthError {
  return new BerthError('failed_precondition', `${title} does not keep manifests: the image would get another digest`, {
    ...changed,
    hint: 'leave --preserve-digests out, or copy into oci-archive:',
  });
}

function wouldConvert({ descriptor }: ManifestNode): BerthError {
  return new BerthError(
    'failed_precondition',
    `${descriptor.digest} has Docker's media types: with OCI's the image would get another digest`,
    { ...changed, hint: 'leave --preserve-digests or --format out' },
  );
}

function wouldNarrow({ descriptor }: IndexNode, title: string): BerthError {
  return new BerthError(
    'failed_precondition',
    `${title} takes indexes whole: one of some platforms only would have another digest than ${descriptor.digest}`,
    { ...changed, hint: 'copy every platform with --all, or leave --preserve-digests out' },
  );
}

function onePlatform(title: string, count: number): BerthError {
  return count === 0
    ? new BerthError('failed_precondition', `${title} takes images, and this index has none`, { code: 'no_artifacts' })
    : new BerthError('failed_precondition', `${title} takes one platform, and ${count} were chosen`, {
        code: 'one_platform',
        hint: 'choose one with --platform, or copy into oci-archive:',
      });
}

function missingPlatform({ index, children }: IndexNode, title: string): BerthError {
  const here = new Set(children.map(({ descriptor }) => descriptor.digest));
  const missing = index.manifests.filter(({ digest }) => !here.has(digest)).map(({ digest }) => digest);
  return new BerthError('not_found', `the source has not all of the image that ${title} needs: ${missing.join(', ')}`, {
    code: 'missing_platform',
    hint: 'choose the platforms that are there with --platform',
  });
}

function noArtifacts(title: string, { descriptor, manifest }: ManifestNode): BerthError {
  const type = manifest.artifactType ?? manifest.config.mediaType;
  return new BerthError(
    'failed_precondition',
    `${title} takes images only, and ${descriptor.digest} is an artifact (${type})`,
    {
      code: 'no_artifacts',
      hint: 'copy it into a registry, oci: or oci-archive:',
    },
  );
}
