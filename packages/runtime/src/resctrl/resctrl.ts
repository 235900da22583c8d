import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { rmdir } from 'node:fs/promises';
import { asError, BerthError, errnoName, tolerate } from '@berth/model/error';
import type { IntelRdtSpec } from '@berth/model/runtime-spec';
import { unescapeMountPath } from '../compile/mount-path.ts';
import { groupFolder, resctrlLeftover, schemataLines } from './records.ts';
import type { ResctrlPlace } from './records.ts';

/**
 * Where resctrl is mounted, from the text of /proc/self/mountinfo. Throws `failed_precondition` where it is not: a
 * container whose caches were asked to be its own must not run without.
 */
export function findResctrl(mountinfo = readFileSync('/proc/self/mountinfo', 'utf8')): string {
  for (const line of mountinfo.split('\n')) {
    const [fields = '', tail] = line.split(' - ');
    const mountPoint = fields.split(' ')[4];
    if (tail?.startsWith('resctrl ') && mountPoint !== undefined) return unescapeMountPath(mountPoint);
  }
  throw new BerthError('failed_precondition', 'linux.intelRdt: no resctrl file system is mounted', {
    code: 'no_resctrl',
    hint: 'mount -t resctrl resctrl /sys/fs/resctrl (needs a processor and a kernel with it)',
  });
}

/** Removes what the container's start has made. Its processes are gone: a group with some moves them to the root group. */
export async function removeResctrl(place: ResctrlPlace, spec: IntelRdtSpec): Promise<void> {
  const folder = resctrlLeftover(place, spec);
  if (folder === undefined || folder === place.root) return;
  try {
    await rmdir(folder);
  } catch (error) {
    if (errnoName(error) !== 'ENOENT') throw error;
  }
}

export interface ResctrlUpdate {
  /** Undefined: the container has no group yet. */
  readonly before: IntelRdtSpec | undefined;
  readonly change: Pick<IntelRdtSpec, 'l3CacheSchema' | 'memBwSchema'>;
  /** Of the container's first process, which is put into a group that is made now. */
  readonly pid: number;
}

/** Other shares for a running container. Throws `invalid_argument` for bad lines, also those that the kernel refuses. */
export function updateResctrl(place: ResctrlPlace, { before, change, pid }: ResctrlUpdate): void {
  const folder = groupFolder(place, before ?? {});
  const lines = schemataLines(change);
  if (before === undefined) {
    tolerate(['EEXIST'], () => mkdirSync(folder));
    writeFileSync(`${folder}/tasks`, String(pid));
  }
  for (const line of lines) {
    try {
      writeFileSync(`${folder}/schemata`, `${line}\n`);
    } catch (cause) {
      const why = lastResctrlError(place.root) ?? asError(cause).message;
      throw new BerthError('invalid_argument', `resctrl: ${JSON.stringify(line)} is refused: ${why}`, {
        code: 'resctrl_refused',
        cause,
      });
    }
  }
}

/** What the kernel says about the last bad write to resctrl, for errors; undefined when it says "ok". */
export function lastResctrlError(root: string): string | undefined {
  try {
    const text = readFileSync(`${root}/info/last_cmd_status`, 'utf8').trim();
    return text === 'ok' || text === '' ? undefined : text;
  } catch (error) {
    if (errnoName(error) === 'ENOENT') return undefined;
    throw error;
  }
}
