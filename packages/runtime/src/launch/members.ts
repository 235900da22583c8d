import { readdirSync, readlinkSync } from 'node:fs';
import { BerthError, tolerate } from '@berth/model/error';
import { ContainerCgroup } from '../cgroup/container-cgroup.ts';
import { processStat } from '../state/process-identity.ts';
import type { StateRecord } from '../state/record.ts';

/** The cgroup of a container. @throws failed_precondition, naming the verb, when it has none */
export function cgroupOf(record: StateRecord, verb: string): ContainerCgroup {
  const cgroup = ownCgroup(record);
  if (cgroup !== undefined) return cgroup;
  throw new BerthError('failed_precondition', `cannot ${verb} container ${record.id}: it has no cgroup of its own`, {
    code: 'no_cgroup',
    hint: 'a rootless container needs a cgroup that is delegated to the user',
  });
}

/** Undefined for a rootless container whose cgroup could not be made. */
export function ownCgroup({ cgroup }: StateRecord): ContainerCgroup | undefined {
  return cgroup.path === '' ? undefined : new ContainerCgroup(cgroup.layout, cgroup.path);
}

/** Host pids of all processes of a running container. */
export async function containerPids(record: StateRecord): Promise<number[]> {
  const cgroup = ownCgroup(record);
  return cgroup === undefined ? inSamePidNamespace(record.pid) : await cgroup.pids();
}

/** SIGKILL to all of them. None is no error. */
export async function killAll(record: StateRecord): Promise<void> {
  const cgroup = ownCgroup(record);
  if (cgroup !== undefined) await cgroup.killAll();
}

/** Without a cgroup: who shares the first process's pid namespace, if that is not our own. */
function inSamePidNamespace(first: number): number[] {
  const namespaceOf = (pid: number | string) => {
    let link: string | undefined;
    tolerate(['ENOENT', 'ESRCH', 'EACCES'], () => (link = readlinkSync(`/proc/${pid}/ns/pid`)));
    return link;
  };
  const wanted = namespaceOf(first);
  if (wanted === undefined || wanted === namespaceOf('self')) return wanted === undefined ? [] : [first];
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  // One that has ended is still there until its parent looks, who may be anybody.
  const lives = (pid: string) => !['Z', 'X', undefined].includes(processStat(Number(pid))?.state);
  return pids.filter((pid) => namespaceOf(pid) === wanted && lives(pid)).map(Number);
}
