import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { runCommand } from '../harness/command.ts';
import { Dockerd, whyNoDockerd } from '../harness/dockerd.ts';

import { bigImage } from './load-image.ts';
import { LoopDisk } from './loop-disk.ts';
import { Containerd } from './peer/containerd.ts';
import { compare, type Findings } from './report.ts';
import { inTurns, timed } from './statistics.ts';

const berth = path.join(import.meta.dirname, '../../bin/berth');
const rounds = 3;
const base = 'docker.io/library/big:latest';
const derived = 'docker.io/library/derived:latest';

/** An image from a live dockerd into a live containerd, unpacked: all of it, and one small layer on one that is there. */
export async function measureCopy(): Promise<Findings> {
  if (whyNoDockerd !== false) return { rows: [], notes: [`left out: ${whyNoDockerd}`] };
  using disk = LoopDisk.make();
  const root = path.join(disk.folder, 'root');
  mkdirSync(root);
  await using docker = await Dockerd.start({ flags: ['--data-root', root] });
  await prepare(docker, disk.folder);
  const whole = await inTurns(ways(docker, { wanted: base, before: [] }), rounds);
  const part = await inTurns(ways(docker, { wanted: derived, before: [base] }), rounds);
  const seconds = (samples: Map<string, number[]>) =>
    new Map([...samples].map(([key, values]) => [key, values.map((value) => value / 1000)]));
  return {
    rows: [
      ...compare('docker to containerd: 480 MB, none there', seconds(whole), { unit: 's' }),
      ...compare('docker to containerd: one layer of two missing', seconds(part), { unit: 's' }),
    ],
    notes: [],
  };
}

/** The big image, and one with a small layer on top of it. */
async function prepare(docker: Dockerd, folder: string): Promise<void> {
  const { archive } = await bigImage(base);
  // Debian's docker does not read layouts: our own copy brings it.
  await berthCopy(docker, undefined, [`oci-archive:${archive}`, 'docker://big']);
  const file = path.join(folder, 'note');
  writeFileSync(file, 'one small layer\n');
  const id = (await docker.expect(['create', base, '/none'])).trim();
  await docker.expect(['cp', file, `${id}:/note`]);
  await docker.expect(['commit', id, derived]);
  await docker.expect(['rm', id]);
}

interface Task {
  readonly wanted: string;
  /** What containerd has already. */
  readonly before: readonly string[];
}

function ways(docker: Dockerd, task: Task): Map<string, () => Promise<number>> {
  const ours = (peer: Containerd, name: string) =>
    berthCopy(docker, peer, [`docker://${name}`, `containerd://default/${name}`]);
  const theirs = (peer: Containerd, name: string) => savePipe(docker, peer, name);
  return new Map([
    ['berth copy', () => measured(task, ours)],
    ['docker save | ctr images import -', () => measured(task, theirs)],
  ]);
}

async function measured(
  { wanted, before }: Task,
  move: (peer: Containerd, name: string) => Promise<void>,
): Promise<number> {
  using disk = LoopDisk.make();
  await using peer = await Containerd.start(path.join(disk.folder, 'root'));
  if (peer === undefined) throw new Error('containerd is not here, and could not be fetched');
  for (const name of before) await move(peer, name);
  disk.sync();
  return await timed(async () => {
    await move(peer, wanted);
    disk.sync();
  });
}

async function berthCopy(docker: Dockerd, peer: Containerd | undefined, args: readonly string[]): Promise<void> {
  const env = { ...process.env, DOCKER_HOST: docker.host, CONTAINERD_ADDRESS: peer?.socket };
  await expectOk(['copy', '-q', ...args], env);
}

async function expectOk(args: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const { code, stderr } = await runCommand([berth, ...args], { env, timeout: 300_000 });
  if (code !== 0) throw new Error(`berth ${args.join(' ')}: ${stderr}`);
}

async function savePipe(docker: Dockerd, peer: Containerd, name: string): Promise<void> {
  const pipe = `set -o pipefail; docker -H ${docker.host} save ${name} | ctr -a ${peer.socket} images import -`;
  const { code, stderr } = await runCommand(['bash', '-c', pipe], { timeout: 300_000 });
  if (code !== 0) throw new Error(stderr);
}
