import { compare, type Findings, type Row } from '../report.ts';
import { summarize } from '../statistics.ts';
import { newRecord, type Recorded, recordLife, type TimedCall, timedCalls } from './life.ts';
import { type CriPlace, noPeer, withPlace } from './place.ts';
import { measurePlugins, type PluginTimes } from './plugins.ts';
import { berthServer, containerdServer, type CriServer, own, ownBridge } from './server.ts';
import { atOnce, Workload } from './workload.ts';

const warmUp = 3;
const roundsAlone = Number(process.env['BERTH_BENCH_ROUNDS'] ?? 50);
const width = 16;
const livesAtOnce = 2 * roundsAlone;

/** Each call of a pod's life, alone and sixteen lives at once: in turns, with the same CNI configuration. */
export async function measureCriCalls(): Promise<Findings> {
  return await withPlace(async (place) => {
    await using berth = await berthServer(place.server);
    await using bridge = await berthServer(place.server, true);
    await using containerd = await containerdServer(place.server);
    const servers = [berth, bridge, ...(containerd === undefined ? [] : [containerd])];
    for (const server of servers) await place.pull(server);
    const plugins = await measurePlugins(place, roundsAlone);
    const workloads = new Map(servers.map((server) => [server.name, new Workload(place, server)]));
    const alone = await inTurnsAlone(workloads);
    const crowd = await sixteenAtOnce(workloads);
    return {
      rows: [...pluginRows(plugins), ...rowsOf('alone', alone, plugins), ...rowsOf(`${width} at once`, crowd)],
      notes: [...notesOf(place, plugins), ...(containerd === undefined ? [noPeer] : [])],
    };
  });
}

type Records = ReadonlyMap<CriServer['name'], Recorded>;

async function inTurnsAlone(workloads: ReadonlyMap<string, Workload>): Promise<Records> {
  const records = new Map([...workloads.keys()].map((name) => [name, newRecord()]));
  for (let round = -warmUp; round < roundsAlone; round++) {
    for (const [name, workload] of workloads) await recordLife(workload, round < 0 ? newRecord() : records.get(name)!);
  }
  return records;
}

async function sixteenAtOnce(workloads: ReadonlyMap<string, Workload>): Promise<Records> {
  const records = new Map([...workloads.keys()].map((name) => [name, newRecord()]));
  for (const [name, workload] of workloads) {
    await atOnce(width, livesAtOnce, () => recordLife(workload, records.get(name)!));
  }
  return records;
}

function pluginRows({ add, del }: PluginTimes): Row[] {
  const row = (subject: string, values: readonly number[]): Row => ({
    measure: "the plugins' own share",
    subject,
    unit: 'ms',
    ...summarize(values),
  });
  return [row('ADD: bridge, host-local, portmap', add), row('DEL: the same', del)];
}

/** The aims; what CNI plugins take by themselves is added to those of pods. */
const aims: Partial<Record<TimedCall, number>> = {
  RunPodSandbox: 10,
  CreateContainer: 2,
  StartContainer: 6,
  StopContainer: 5,
  RemoveContainer: 2,
  StopPodSandbox: 10,
  RemovePodSandbox: 8,
  Status: 1,
};

/** In all, over the bridge that is built in. */
const aimOfBridge = 12;

function rowsOf(how: string, records: Records, plugins?: PluginTimes): Row[] {
  return timedCalls.flatMap((call) => {
    const samples = new Map([...records].map(([name, record]) => [name, record.get(call)!]));
    const aim = plugins === undefined ? undefined : aimOf(call, plugins, samples);
    const rows = compare(`${call}, ${how}`, samples, { unit: 'ms', ...(aim === undefined ? {} : { aim }) });
    const isPods = call === 'RunPodSandbox' || call === 'StopPodSandbox';
    return rows.map((row) =>
      plugins !== undefined && isPods && row.subject === ownBridge ? { ...row, aim: aimOfBridge } : row,
    );
  });
}

function aimOf(
  call: TimedCall,
  plugins: PluginTimes,
  samples: ReadonlyMap<string, readonly number[]>,
): number | undefined {
  if (call === 'ExecSync of true') {
    const theirs = [...samples].find(([name]) => name !== own && name !== ownBridge)?.[1];
    return theirs === undefined ? undefined : rounded(summarize(theirs).median / 5);
  }
  const share = { RunPodSandbox: plugins.add, StopPodSandbox: plugins.del }[call as string];
  const beyond = aims[call];
  return beyond === undefined || share === undefined ? beyond : rounded(beyond + summarize(share).median);
}

function rounded(milliseconds: number): number {
  return Math.round(milliseconds * 10) / 10;
}

function notesOf({ server }: CriPlace, { add, del }: PluginTimes): string[] {
  const [ofAdd, ofDel] = [summarize(add).median, summarize(del).median].map((median) => median.toFixed(1));
  return [
    `the plugins' share is what a shell that becomes each plugin takes, ${ofAdd} ms to ADD and ${ofDel} ms to DEL; ` +
      'aims of RunPodSandbox and StopPodSandbox have it in them, those over the built-in bridge have none',
    `CNI configuration of both: ${server.network}/10-test.conflist (bridge with ipMasq and host-local, portmap)`,
    'client: our own gRPC channel for both, one connection; a life is a pod with one busybox container',
  ];
}
