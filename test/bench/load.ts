import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { runCommand } from '../harness/command.ts';
import { Engine } from '../harness/engine.ts';
import { type BigImage, bigImage } from './load-image.ts';
import { LoopDisk } from './loop-disk.ts';
import { Containerd } from './peer/containerd.ts';
import { peakResident } from './process-memory.ts';
import { compare, type Findings, type Row } from './report.ts';
import { inTurns, timed } from './statistics.ts';

const rounds = 3;
const name = 'docker.io/library/big:latest';

/** An image of 480 MB in 10,000 files, gzip, from a file onto a fresh file system, until all is on the disk. */
export async function measureLoad(): Promise<Findings> {
  const image = await bigImage(name);
  const peaks: number[] = [];
  const notes: string[] = [];
  const each = new Map<string, () => Promise<number>>([
    ['berth load', () => loadOurs(image, peaks)],
    ['ctr images import', () => loadContainerd(image)],
    ['GNU tar of the layer alone', () => untar(image)],
  ]);
  {
    await using peer = await Containerd.start();
    if (peer === undefined) {
      each.delete('ctr images import');
      notes.push('containerd left out: it is not here, and could not be fetched');
    }
  }
  const samples = await inTurns(each, rounds);
  const peak: Row[] = compare('peak memory of berthd', new Map([['resident', peaks]]), { unit: 'MiB', aim: 250 });
  const seconds = new Map([...samples].map(([key, values]) => [key, values.map((value) => value / 1000)]));
  return { rows: [...compare('load of 480 MB', seconds, { unit: 's', aim: 2.7 }), ...peak], notes };
}

async function loadOurs({ archive }: BigImage, peaks: number[]): Promise<number> {
  using disk = LoopDisk.make();
  await using engine = await Engine.start({ root: path.join(disk.folder, 'root') });
  const took = await timed(async () => {
    await engine.expect(['load', '-q', '-i', archive]);
    disk.sync();
  });
  peaks.push(peakResident(engine.pid));
  return took;
}

async function loadContainerd({ archive }: BigImage): Promise<number> {
  using disk = LoopDisk.make();
  await using peer = await Containerd.start(path.join(disk.folder, 'root'));
  return await timed(async () => {
    await peer!.expect(['images', 'import', archive]);
    disk.sync();
  });
}

async function untar({ layer }: BigImage): Promise<number> {
  using disk = LoopDisk.make();
  const folder = path.join(disk.folder, 'tree');
  mkdirSync(folder);
  return await timed(async () => {
    const { code, stderr } = await runCommand(['tar', '-xzf', layer, '-C', folder], { timeout: 120_000 });
    if (code !== 0) throw new Error(stderr);
    disk.sync();
  });
}
