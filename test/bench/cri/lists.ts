import { isKind } from '@berth/model/error';
import { compare, type Findings, type Row } from '../report.ts';
import { timed } from '../statistics.ts';
import { withPlace } from './place.ts';
import { loadWhile } from './processor-time.ts';
import type { CriServer } from './server.ts';
import { idle, Workload } from './workload.ts';

const pods = Number(process.env['BERTH_BENCH_PODS'] ?? 500);
const rounds = 40;
/** Milliseconds after which three rounds are enough: a list may take seconds. */
const longest = 20_000;
/** Of polling. */
const seconds = 20;

type List = (server: CriServer) => Promise<unknown>;

const lists: Readonly<Record<string, List>> = {
  ListContainers: ({ client }) => client.runtime.listContainers(),
  ListPodSandbox: ({ client }) => client.runtime.listPodSandbox(),
  ListPodSandboxStats: ({ client }) => client.runtime.listPodSandboxStats(),
  ListContainerStats: ({ client }) => client.runtime.listContainerStats(),
  ListPodSandboxMetrics: ({ client }) => client.runtime.listPodSandboxMetrics(),
};

/** Those that kubelet asks for again and again. */
const polled = ['ListContainers', 'ListPodSandbox', 'ListPodSandboxStats'] as const;

/** Samples by list, then by server. */
type Samples = Map<string, Map<string, number[]>>;

/** Lists with many pods of one container each, and what the servers take of a processor while a client polls them. */
export async function measureCriLists(): Promise<Findings> {
  return await withPlace(async (place) => {
    const times: Samples = new Map();
    const loads: Samples = new Map();
    const notes = await place.each(async (server) => {
      const workload = new Workload(place, server);
      await workload.many(pods, idle);
      for (const [name, list] of Object.entries(lists)) await sampleList(times, { name, server, list });
      const pids = server.pids();
      for (const name of polled) {
        add(loads, name, server, [await loadWhile(pids, seconds, () => lists[name]!(server))]);
      }
      add(loads, 'nothing', server, [await loadWhile(pids, seconds, () => Promise.resolve())]);
      await workload.removeAll();
    });
    const rows = [...times].flatMap(([name, samples]) => compare(`${name}, ${pods} pods`, samples, { unit: 'ms' }));
    const load = (name: string) => `processor while ${name} is polled once a second, ${pods} pods`;
    const loadRows = [...loads].flatMap(([name, samples]): Row[] => compare(load(name), samples, { unit: '%' }));
    return { rows: [...rows, ...loadRows], notes: [...notes, 'percent of one processor, daemon and shims together'] };
  });
}

async function sampleList(
  times: Samples,
  { name, server, list }: { readonly name: string; readonly server: CriServer; readonly list: List },
): Promise<void> {
  const samples: number[] = [];
  try {
    await list(server);
    const deadline = performance.now() + longest;
    while (samples.length < rounds && (samples.length < 3 || performance.now() < deadline)) {
      samples.push(await timed(() => list(server)));
    }
  } catch (error) {
    // Debian's containerd is older than some.
    if (!isKind(error, 'unimplemented')) throw error;
    return;
  }
  add(times, name, server, samples);
}

function add(all: Samples, name: string, server: CriServer, samples: number[]): void {
  const ofList = all.get(name) ?? new Map<string, number[]>();
  ofList.set(server.name, samples);
  all.set(name, ofList);
}
