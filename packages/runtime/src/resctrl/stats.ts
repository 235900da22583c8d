import { existsSync, readdirSync } from 'node:fs';
import type { IntelRdtSpec } from '@berth/model/runtime-spec';
import { readBig } from '../cgroup/event-file.ts';
import { readText } from '../cgroup/cgroup-file.ts';
import { groupFolder, monitorFolder } from './records.ts';
import type { ResctrlPlace } from './records.ts';

/** `intel_rdt` of `events --stats`, by runc's names. What this machine does not have is left out. */
export interface ResctrlStats {
  readonly l3_cache_info?: { readonly cbm_mask: string; readonly min_cbm_bits: bigint; readonly num_closids: bigint };
  readonly l3_cache_schema_root?: string;
  readonly l3_cache_schema?: string;
  readonly mem_bw_info?: Readonly<Record<'bandwidth_gran' | 'delay_linear' | 'min_bandwidth' | 'num_closids', bigint>>;
  readonly mem_bw_schema_root?: string;
  readonly mem_bw_schema?: string;
  readonly schemata?: readonly string[];
  /** One a cache (NUMA node). */
  readonly mbm_stats?: readonly { readonly mbm_total_bytes: bigint; readonly mbm_local_bytes: bigint }[];
  readonly cmt_stats?: readonly { readonly llc_occupancy: bigint }[];
}

export async function readResctrlStats(place: ResctrlPlace, spec: IntelRdtSpec): Promise<ResctrlStats> {
  const { root } = place;
  const folder = groupFolder(place, spec);
  const everywhere = await schemataOf(root);
  const own = await schemataOf(folder);
  const line = (lines: readonly string[], name: string) => lines.find((one) => one.startsWith(`${name}:`)) ?? '';
  const number = (file: string) => readBig(`${root}/info/${file}`);
  return {
    schemata: own,
    ...(existsSync(`${root}/info/L3`) && {
      l3_cache_info: {
        cbm_mask: (await readText(`${root}/info/L3/cbm_mask`)) ?? '',
        min_cbm_bits: await number('L3/min_cbm_bits'),
        num_closids: await number('L3/num_closids'),
      },
      l3_cache_schema_root: line(everywhere, 'L3'),
      l3_cache_schema: line(own, 'L3'),
    }),
    ...(existsSync(`${root}/info/MB`) && {
      mem_bw_info: {
        bandwidth_gran: await number('MB/bandwidth_gran'),
        delay_linear: await number('MB/delay_linear'),
        min_bandwidth: await number('MB/min_bandwidth'),
        num_closids: await number('MB/num_closids'),
      },
      mem_bw_schema_root: line(everywhere, 'MB'),
      mem_bw_schema: line(own, 'MB'),
    }),
    ...(await monitorStats(`${monitorFolder(place, spec) ?? folder}/mon_data`)),
  };
}

async function monitorStats(folder: string): Promise<Pick<ResctrlStats, 'mbm_stats' | 'cmt_stats'>> {
  if (!existsSync(folder)) return {};
  const caches = readdirSync(folder).filter((name) => name.startsWith('mon_L3_'));
  const read = (cache: string, name: string) => readBig(`${folder}/${cache}/${name}`);
  const mbm = caches.map(async (cache) => ({
    mbm_total_bytes: await read(cache, 'mbm_total_bytes'),
    mbm_local_bytes: await read(cache, 'mbm_local_bytes'),
  }));
  const cmt = caches.map(async (cache) => ({ llc_occupancy: await read(cache, 'llc_occupancy') }));
  return { mbm_stats: await Promise.all(mbm), cmt_stats: await Promise.all(cmt) };
}

async function schemataOf(folder: string): Promise<string[]> {
  const lines = (await readText(`${folder}/schemata`))?.split('\n') ?? [];
  return lines.map((line) => line.trim()).filter((line) => line !== '');
}
