import type { DiskSurvey } from '#store/disk';
import type { ImageRecord, MetadataStore } from '#store/metadata';
import type { DiskService, DiskUse, ImageUse } from './contract.ts';

export interface DiskBackend {
  readonly disk: DiskSurvey;
  readonly metadata: MetadataStore;
}

export function createDiskService({ disk, metadata }: DiskBackend): DiskService {
  return {
    async use({ namespace }): Promise<DiskUse> {
      const { targets, ...use } = await disk.measure(namespace);
      const { records, containers } = metadata.read((tx) => ({
        records: tx.images.list(namespace),
        containers: tx.containers.list(namespace).map(({ imageTarget }) => imageTarget),
      }));
      const images = [...Map.groupBy(records, ({ target }) => target.digest)].map(([id, all]): ImageUse => ({
        id,
        names: namesOf(all),
        // Named since the disk was looked at: then it is of the next look.
        ...(targets.get(id) ?? { unique: 0, shared: 0, reclaimable: 0 }),
        containers: containers.filter((target) => target === id).length,
      }));
      return { ...use, images: images.toSorted((a, b) => b.unique - a.unique) };
    },
  };
}

/** Without the one that keeps an untagged image (as dockerd has it in a containerd store). */
function namesOf(records: readonly ImageRecord[]): string[] {
  return records.map(({ name }) => name).filter((name) => !name.startsWith('moby-dangling@'));
}
