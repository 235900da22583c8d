import { createReadStream, globSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { ContainerState } from '@berth/wire/gen/cri/v1/api_pb';
import { compare, type Findings } from '../report.ts';
import { withPlace } from './place.ts';
import { processorTime } from './processor-time.ts';
import { type RunningContainer, Workload } from './workload.ts';

const containers = 20;
const rate = 10_000;
const seconds = Number(process.env['BERTH_BENCH_SECONDS'] ?? 10);

/** Many containers that write quickly: whether every line is in its log, in order, and what that takes of a processor. */
export async function measureCriLogs(): Promise<Findings> {
  return await withPlace(async (place) => {
    const loads = new Map<string, number[]>();
    const times = new Map<string, number[]>();
    const losses: string[] = [];
    const notes = await place.each(async (server) => {
      const workload = new Workload(place, server);
      const pods = await prepare(workload);
      const pids = (): number[] => server.pids();
      const before = processorTime(pids());
      const began = performance.now();
      const running = await Promise.all(pods.map((start) => start()));
      // While they run: what has ended tells nothing any more.
      await sleep(seconds * 1000 - 500);
      const load = (processorTime(pids()) - before) / ((performance.now() - began) / 1000);
      await ended(workload, running);
      loads.set(server.name, [100 * load]);
      times.set(server.name, [(performance.now() - began) / 1000]);
      const lines = await Promise.all(running.map(countLines));
      const lost = lines.reduce((sum, count) => sum + (rate * seconds - count), 0);
      losses.push(`${server.name}: ${lost} of ${containers * rate * seconds} lines are not in the logs, in order`);
      await workload.removeAll();
    });
    const what = `${containers} containers, ${rate} lines a second each`;
    return {
      rows: [
        ...compare(`processor of daemon and shims, ${what}`, loads, { unit: '%' }),
        ...compare(`until the last has ended, ${what} for ${seconds} s`, times, { unit: 's' }),
      ],
      notes: [...losses, ...notes],
    };
  });
}

/** Everything but the start. */
async function prepare(workload: Workload): Promise<(() => Promise<RunningContainer>)[]> {
  const { runtime } = workload.server.client;
  const starts: (() => Promise<RunningContainer>)[] = [];
  for (let count = 0; count < containers; count++) {
    const sandboxConfig = workload.podConfig();
    const podSandboxId = await workload.pod(sandboxConfig);
    const config = workload.containerConfig(['/bin/lines', String(rate), String(seconds)]);
    const { containerId } = await runtime.createContainer({ podSandboxId, config, sandboxConfig });
    const log = path.join(sandboxConfig.logDirectory!, config.logPath!);
    starts.push(async () => {
      await runtime.startContainer({ containerId });
      return { id: containerId, log };
    });
  }
  return starts;
}

async function ended({ server }: Workload, running: readonly RunningContainer[]): Promise<void> {
  const { runtime } = server.client;
  for (const { id } of running) {
    for (;;) {
      const { status } = await runtime.containerStatus({ containerId: id });
      if (status?.state === ContainerState.CONTAINER_EXITED) break;
      await sleep(50);
    }
  }
}

/** Lines that are there whole and in their order, up to the first that is not. Rotated files come first. */
async function countLines({ log }: RunningContainer): Promise<number> {
  const rotated = globSync(`${log}.*`).toSorted((a, b) => b.localeCompare(a, 'en', { numeric: true }));
  let count = 0;
  for (const file of [...rotated, log]) {
    for await (const line of createInterface({ input: createReadStream(file) })) {
      if (!line.includes(` stdout F line ${count} `)) return count;
      count++;
    }
  }
  return count;
}
