import { mkdirSync } from 'node:fs';
import path from 'node:path';
import type { LayerTiming } from '@berth/image/layer/job';
import { Dockerd, whyNoDockerd } from '../harness/dockerd.ts';
import { Engine } from '../harness/engine.ts';
import { Registry, whyNoRegistry } from '../harness/registry.ts';
import { bigImage } from './load-image.ts';
import { LoopDisk } from './loop-disk.ts';
import { Containerd } from './peer/containerd.ts';
import { peakResident } from './process-memory.ts';
import { pullTimes, splitRows } from './pull-times.ts';
import { compare, type Findings, type Row } from './report.ts';
import { inTurns, timed } from './statistics.ts';

const rounds = 3;

/** An image of 480 MB in 10,000 files from a registry on loopback onto a fresh file system, until all is on the disk. */
export async function measurePull(): Promise<Findings> {
  if (whyNoRegistry !== false) return { rows: [], notes: [`left out: ${whyNoRegistry}`] };
  await using registry = await Registry.start();
  const name = `${registry.host}/big:latest`;
  await fill(name);
  const peaks: number[] = [];
  const splits: LayerTiming[] = [];
  const notes: string[] = [];
  const each = new Map<string, () => Promise<number>>([
    ['berth pull', () => pullOurs(name, peaks, splits)],
    ['ctr images pull', () => pullContainerd(name)],
    ['docker pull', () => pullDocker(name)],
  ]);
  for (const [subject, obstacle] of [
    ['ctr images pull', await whyNoContainerd()],
    ['docker pull', whyNoDockerd === false ? undefined : whyNoDockerd],
  ] as const) {
    if (obstacle === undefined) continue;
    each.delete(subject);
    notes.push(`${subject} left out: ${obstacle}`);
  }
  const samples = await inTurns(each, rounds);
  const seconds = new Map([...samples].map(([key, values]) => [key, values.map((value) => value / 1000)]));
  const peak: Row[] = compare('peak memory of berthd', new Map([['resident', peaks]]), { unit: 'MiB', aim: 250 });
  return { rows: [...compare('pull of 480 MB', seconds, { unit: 's' }), ...splitRows(splits), ...peak], notes };
}

/** By our own copy, without a daemon. */
async function fill(name: string): Promise<void> {
  const { archive } = await bigImage('docker.io/library/big:latest');
  await using engine = await Engine.start();
  await engine.expect(['copy', '-q', `oci-archive:${archive}`, `registry://${name}`]);
}

async function pullOurs(name: string, peaks: number[], splits: LayerTiming[]): Promise<number> {
  using disk = LoopDisk.make();
  await using engine = await Engine.start({ root: path.join(disk.folder, 'root'), env: { BERTH_LOG_LEVEL: 'debug' } });
  const took = await timed(async () => {
    await engine.expect(['pull', '-q', name]);
    disk.sync();
  });
  peaks.push(peakResident(engine.pid));
  splits.push(pullTimes(engine.log));
  return took;
}

async function whyNoContainerd(): Promise<string | undefined> {
  await using peer = await Containerd.start();
  return peer === undefined ? 'it is not here, and could not be fetched' : undefined;
}

async function pullContainerd(name: string): Promise<number> {
  using disk = LoopDisk.make();
  await using peer = await Containerd.start(path.join(disk.folder, 'root'));
  return await timed(async () => {
    await peer!.expect(['images', 'pull', '--plain-http', name]);
    disk.sync();
  });
}

async function pullDocker(name: string): Promise<number> {
  using disk = LoopDisk.make();
  const root = path.join(disk.folder, 'root');
  mkdirSync(root);
  await using peer = await Dockerd.start({ flags: ['--data-root', root] });
  return await timed(async () => {
    await peer.expect(['pull', '-q', name]);
    disk.sync();
  });
}
