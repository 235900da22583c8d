import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { archive, ociLayout } from '../harness/archives.ts';
import { runCommand } from '../harness/command.ts';
import type { Engine } from '../harness/engine.ts';
import { busybox, testImage } from '../harness/images.ts';
import { tar } from '../harness/tar.ts';

/** The same file system for all: ours as an image, the peers' as an archive or a folder. */
export async function loadBusybox(engine: Engine): Promise<void> {
  await engine.expect(['load', '-i', writeBusybox(path.join(engine.root, '..'), 'busybox:latest')]);
}

/** An OCI layout as a tar. @returns its path */
export function writeBusybox(folder: string, name: string): string {
  const file = path.join(folder, 'busybox.tar');
  writeFileSync(file, archive(ociLayout(testImage(), name)));
  return file;
}

export async function unpackBusybox(folder: string): Promise<string> {
  mkdirSync(folder, { recursive: true });
  const { code, stderr } = await runCommand(['tar', '-x', '-C', folder], { input: tar(busybox()) });
  if (code !== 0) throw new Error(stderr);
  return folder;
}
