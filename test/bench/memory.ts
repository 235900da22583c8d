import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectBerth } from '../../packages/sdk/src/client.ts';
import { Engine } from '../harness/engine.ts';
import { processesOf, processTable } from '../harness/process-table.ts';
import { loadBusybox, writeBusybox } from './busybox.ts';
import { Containerd } from './peer/containerd.ts';
import { proportional } from './process-memory.ts';
import { compare, type Findings } from './report.ts';

const counts = [1, 100];

/** Memory per idle container: all processes that exist because of it, but not its own. */
export async function measureMemory(): Promise<Findings> {
  const ours = await measureOurs();
  const theirs = await measureContainerd();
  const rows = counts.flatMap((count) => {
    const samples = new Map([['berth', [ours.perContainer.get(count)!]]]);
    const peer = theirs?.get(count);
    if (peer !== undefined) samples.set('containerd and ctr', [peer]);
    const measure = `memory per container, ${count} idle`;
    return compare(measure, samples, { unit: 'MiB', aim: 0.5 });
  });
  return {
    rows,
    notes: [
      `berthd itself grew by ${ours.growth.toFixed(3)} MiB per container, the launcher takes ${ours.launcher.toFixed(2)} MiB once`,
      ...(theirs === undefined ? ['containerd left out: it is not here, and could not be fetched'] : []),
    ],
  };
}

interface OwnMemory {
  readonly perContainer: ReadonlyMap<number, number>;
  readonly growth: number;
  readonly launcher: number;
}

async function measureOurs(): Promise<OwnMemory> {
  await using engine = await Engine.start();
  await loadBusybox(engine);
  const { containers } = connectBerth({ socket: engine.socket });
  const launcher = processesOf(engine).find(({ pid }) => pid !== engine.pid)!.pid;
  const before = proportional(engine.pid);
  const perContainer = new Map<number, number>();
  const pids = new Set([engine.pid, launcher]);
  let running = 0;
  for (const count of counts) {
    for (; running < count; running++) {
      const { id } = await containers.create({ image: 'busybox', command: ['sleep', '100000'] });
      await containers.start(id);
      pids.add((await containers.inspect(id)).state.pid);
    }
    await sleep(1000);
    const because = processesOf(engine).filter(({ pid }) => !pids.has(pid));
    perContainer.set(count, sum(because.map(({ pid }) => proportional(pid))) / count);
  }
  const growth = (proportional(engine.pid) - before) / running;
  const result = { perContainer, growth, launcher: proportional(launcher) };
  for (const { id } of await containers.list({ all: true })) await containers.remove(id, { force: true });
  return result;
}

async function measureContainerd(): Promise<ReadonlyMap<number, number> | undefined> {
  await using peer = await Containerd.start();
  if (peer === undefined) return undefined;
  const folder = mkdtempSync('/tmp/bm-');
  const perContainer = new Map<number, number>();
  let running = 0;
  try {
    await peer.expect(['images', 'import', writeBusybox(folder, 'docker.io/library/busybox:latest')]);
    for (const count of counts) {
      for (; running < count; running++) {
        const cgroup = ['--cgroup', `${peer.cgroupParent}/${running}`];
        await peer.expect([
          'run',
          '-d',
          ...cgroup,
          'docker.io/library/busybox:latest',
          `bench${running}`,
          'sleep',
          '100000',
        ]);
      }
      await sleep(1000);
      const shims = processTable().filter(({ pid, command }) => command.includes(peer.socket) && isShim(pid));
      perContainer.set(count, sum(shims.map(({ pid }) => proportional(pid))) / count);
    }
  } finally {
    for (let at = 0; at < running; at++) await peer.ctr(['task', 'rm', '-f', `bench${at}`]);
    for (let at = 0; at < running; at++) await peer.ctr(['container', 'rm', `bench${at}`]);
    rmSync(folder, { recursive: true, force: true });
  }
  return perContainer;
}

function isShim(pid: number): boolean {
  return readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('containerd-shim');
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
