import { posix } from 'node:path';
import type { IntelRdtSpec } from '@berth/model/runtime-spec';
import { invalid } from '../compile/invalid.ts';
import { onHost } from '../compile/step.ts';
import type { PlanRecord } from '../plan/record.ts';

/** Where a container's share of caches and memory bandwidth is set, kernel Documentation/filesystems/resctrl.rst. */
export interface ResctrlPlace {
  /** Where resctrl is mounted: `/sys/fs/resctrl`. */
  readonly root: string;
  /** The container's; names its group where the spec does not. */
  readonly id: string;
}

/**
 * The container's group with its schemata, and the spawned process in it: for the host track, behind `spawn`. A group
 * that the spec names and says nothing about must be there already (config-linux.md "Intel RDT"): then the write of
 * the pid fails with ENOENT. Throws `invalid_argument` for a name that leaves the folder and for bad lines.
 */
export function resctrlRecords(place: ResctrlPlace, spec: IntelRdtSpec): PlanRecord[] {
  const folder = groupFolder(place, spec);
  const lines = schemataLines(spec);
  const monitored = monitorFolder(place, spec);
  return [
    ...(isPrepared(spec) ? [] : [onHost('cgroup_create', { path: folder })]),
    // One line a write: the kernel says only that a write was bad, not which line.
    ...lines.map((line) => onHost('write_file', { path: `${folder}/schemata`, data: `${line}\n` })),
    onHost('cgroup_attach', { path: `${folder}/tasks` }),
    ...(monitored === undefined
      ? []
      : [onHost('cgroup_create', { path: monitored }), onHost('cgroup_attach', { path: `${monitored}/tasks` })]),
  ];
}

/** What `delete` removes: a group that was made for this container alone, else its own monitoring group, else nothing. */
export function resctrlLeftover(place: ResctrlPlace, spec: IntelRdtSpec): string | undefined {
  return spec.closID === undefined ? groupFolder(place, spec) : monitorFolder(place, spec);
}

/** An exec's process joins the same groups. */
export function resctrlAttachRecords(place: ResctrlPlace, spec: IntelRdtSpec): PlanRecord[] {
  const folders = [groupFolder(place, spec), monitorFolder(place, spec)].filter((folder) => folder !== undefined);
  return folders.map((folder) => onHost('cgroup_attach', { path: `${folder}/tasks` }));
}

/** The folder of the container's group; of the root group for `closID: "/"`. */
export function groupFolder({ root, id }: ResctrlPlace, { closID }: IntelRdtSpec): string {
  if (closID === '/') return root;
  const name = closID ?? id;
  const reserved = ['', '.', '..', 'info', 'mon_groups', 'mon_data'];
  if (name.includes('/') || reserved.includes(name)) {
    throw invalid('linux.intelRdt.closID', `not the name of a group: ${name}`);
  }
  return posix.join(root, name);
}

/** The monitoring group of this container alone: within a shared group, its own counters. */
export function monitorFolder(place: ResctrlPlace, spec: IntelRdtSpec): string | undefined {
  if (!spec.enableMonitoring) return undefined;
  return posix.join(groupFolder(place, spec), 'mon_groups', place.id);
}

/** Whether somebody else has made the group: the spec names it and sets nothing. */
function isPrepared(spec: IntelRdtSpec): boolean {
  return spec.closID !== undefined && schemataLines(spec).length === 0;
}

/** In the order of config-linux.md: the two old fields, then `schemata`, whose lines may say it again. */
export function schemataLines({ l3CacheSchema, memBwSchema, schemata = [] }: IntelRdtSpec): string[] {
  return [
    ...linesOf('l3CacheSchema', l3CacheSchema).filter((line) => memBwSchema === undefined || !line.startsWith('MB:')),
    ...linesOf('memBwSchema', memBwSchema),
    ...schemata.flatMap((line, index) => linesOf(`schemata[${index}]`, line)),
  ];
}

function linesOf(field: string, text = ''): string[] {
  const lines = text.split('\n').map((line) => line.trim());
  const bad = lines.find((line) => line !== '' && !/^[A-Z0-9_]+:\s*[0-9]+=\S.*$/i.test(line));
  if (bad !== undefined) throw invalid(`linux.intelRdt.${field}`, `not a line like L3:0=ff;1=f0: ${bad}`);
  return lines.filter((line) => line !== '');
}
