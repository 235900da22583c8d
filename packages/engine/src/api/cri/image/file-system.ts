import type { CriBackend } from '../backend.ts';

/**
 * What images take: content and unpacked layers together, of which kubelet wants to see that removing images helps. From
 * the records, because it is asked every few seconds; nothing is looked at on the disk.
 */
export function imageFsInfo({ images, facts }: Pick<CriBackend, 'images' | 'facts'>) {
  const { bytes, inodes } = images.use();
  const use = {
    timestamp: BigInt(Date.now()) * 1_000_000n,
    fsId: { mountpoint: facts.root },
    usedBytes: { value: BigInt(bytes) },
    inodesUsed: { value: BigInt(inodes) },
  };
  return { imageFilesystems: [use] };
}
