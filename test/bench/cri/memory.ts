import { setTimeout as sleep } from 'node:timers/promises';
import { proportional } from '../process-memory.ts';
import { compare, type Findings } from '../report.ts';
import { withPlace } from './place.ts';
import type { CriServer } from './server.ts';
import { idle, Workload } from './workload.ts';

const counts = (process.env['BERTH_BENCH_PODS'] ?? '1,50,200').split(',').map(Number);

/** The proportional memory of daemon and shims together, with so many pods of one idle container each. */
export async function measureCriMemory(): Promise<Findings> {
  return await withPlace(async (place) => {
    const found = new Map(counts.map((count) => [count, new Map<string, number[]>()]));
    const processes: string[] = [];
    const notes = await place.each(async (server) => {
      const workload = new Workload(place, server);
      let running = 0;
      for (const count of counts) {
        await workload.many(count - running, idle);
        running = count;
        // What the making of pods took for a moment is given back.
        await sleep(3000);
        found.get(count)!.set(server.name, [memoryOf(server)]);
        processes.push(`${server.name} with ${count} pods: ${server.pids().length} processes of its own`);
      }
      await workload.removeAll();
    });
    const rows = [...found].flatMap(([count, samples]) =>
      compare(`memory of daemon and shims, ${count} pods`, samples, { unit: 'MiB' }),
    );
    return { rows, notes: [...processes, ...notes] };
  });
}

function memoryOf(server: CriServer): number {
  return server.pids().reduce((sum, pid) => sum + proportional(pid), 0);
}
