import type { ContainerStats } from '@berth/wire/native/api';
import { binarySize, decimalSize } from './print/human-size.ts';
import type { Row } from './print/rows.ts';
import { shortId } from './print/short-id.ts';

export const statsHeaders = [
  ['CONTAINER ID', 'ID'],
  ['NAME', 'Name'],
  ['CPU %', 'CPUPerc'],
  ['MEM USAGE / LIMIT', 'MemUsage'],
  ['MEM %', 'MemPerc'],
  ['NET I/O', 'NetIO'],
  ['BLOCK I/O', 'BlockIO'],
  ['PIDS', 'PIDs'],
] as const;

export interface StatsTarget {
  readonly id: string;
  readonly name: string;
}

export interface StatsRowOptions {
  /** The sample before, for what is a rate. */
  readonly before: ContainerStats | undefined;
  readonly truncate: boolean;
}

/** A sample under the names that docker's templates use. */
export function statsRow(stats: ContainerStats, { before, truncate }: StatsRowOptions): Row {
  return {
    ...identity(stats, truncate),
    CPUPerc: before === undefined ? '--' : percent(cpuShare(before, stats)),
    MemUsage: `${binarySize(stats.memoryUsage)} / ${binarySize(stats.memoryLimit)}`,
    MemPerc: percent(stats.memoryLimit === 0 ? 0 : stats.memoryUsage / stats.memoryLimit),
    NetIO: `${decimalSize(stats.networkRx)} / ${decimalSize(stats.networkTx)}`,
    BlockIO: `${decimalSize(stats.blockRead)} / ${decimalSize(stats.blockWrite)}`,
    PIDs: String(stats.pids),
  };
}

/** What docker shows for a container that does not run. */
export function absentStats(target: StatsTarget, truncate: boolean): Row {
  return {
    ...identity(target, truncate),
    CPUPerc: '0.00%',
    MemUsage: '0B / 0B',
    MemPerc: '0.00%',
    NetIO: '0B / 0B',
    BlockIO: '0B / 0B',
    PIDs: '0',
  };
}

function identity({ id, name }: StatsTarget, truncate: boolean): Row {
  return { Container: name, ID: truncate ? shortId(id) : id, Name: name };
}

/** 1 is one core in full use. */
export function cpuShare(before: ContainerStats, now: ContainerStats): number {
  const elapsed = (Date.parse(now.readAt) - Date.parse(before.readAt)) * 1e6;
  const used = now.cpuUsage - before.cpuUsage;
  // A restart in between begins to count anew.
  return elapsed <= 0 || used < 0 ? 0 : used / elapsed;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(2)}%`;
}
