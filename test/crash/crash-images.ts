import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { archive, ociLayout } from '../harness/archives.ts';
import { busybox, type TestImage, testImage } from '../harness/images.ts';
import type { Member } from '../harness/tar.ts';

/** An image that a crash may hit, and what a container of it prints when it is whole. */
export interface CrashImage {
  readonly name: string;
  readonly image: TestImage;
  /** The archive that it is loaded from. */
  readonly file: string;
  readonly script: string;
  readonly output: string;
}

/** Some that share layers: bytes that do not compress, many small and empty files, links, folders with modes. */
export function makeCrashImages(folder: string): readonly CrashImage[] {
  const big: Member[] = Array.from({ length: 3 }, (_, n) => ({ path: `big/${n}`, body: randomBytes(1 << 20) }));
  const many: Member[] = Array.from({ length: 400 }, (_, n) => ({ path: `many/${n}`, body: 'x'.repeat(n % 50) }));
  const odd: Member[] = [
    { path: 'odd/', mode: 0o1770, uid: 1000, gid: 1000 },
    { path: 'odd/file', body: 'odd', mode: 0o4755 },
    { path: 'odd/link', hardlink: 'odd/file' },
    { path: 'odd/way', symlink: '../big/0' },
    { path: 'many/.wh.7', body: '' },
  ];
  const make = (
    name: string,
    layers: readonly (readonly Member[])[],
    expect: Pick<CrashImage, 'script' | 'output'>,
  ) => {
    const file = path.join(folder, `${name}.tar`);
    const image = testImage({ layers, compression: 'gzip' });
    writeFileSync(file, archive(ociLayout(image, `${name}:1`)));
    return { name: `${name}:1`, image, file, ...expect };
  };
  return [
    make('first', [busybox(), big, many, odd], {
      script: 'cat /big/* | wc -c; ls /many | wc -l; cat /odd/link',
      output: `${3 << 20}\n399\nodd`,
    }),
    make('second', [busybox(), many], { script: 'ls /many | wc -l', output: '400' }),
    make('third', [busybox(), big], { script: 'cat /big/* | wc -c', output: `${3 << 20}` }),
  ];
}
