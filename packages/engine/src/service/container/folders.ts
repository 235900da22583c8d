import { createHash } from 'node:crypto';
import path from 'node:path';
import { BerthError } from '@berth/model/error';

/** Where a container's files are. `root` outlives a reboot, `run` need not. */
export interface ContainerFolders {
  /** Log, files of /etc, the plan that was run last. */
  readonly root: string;
  /** The shim's socket and journal. */
  readonly run: string;
  readonly socket: string;
  readonly journal: string;
  readonly execs: string;
  readonly log: string;
  readonly plan: string;
}

/** sun_path holds 107 bytes and a NUL, unix(7). */
const longestSocketPath = 107;
const tail = '/c/0123456789abcdef0123456789abcdef/shim.sock';

export function containerFolders(root: string, run: string, id: string): ContainerFolders {
  const inRoot = path.join(root, 'containers', id);
  const inRun = path.join(run, 'c', shortFolder(id));
  return {
    root: inRoot,
    run: inRun,
    socket: path.join(inRun, 'shim.sock'),
    journal: path.join(inRun, 'journal'),
    execs: path.join(inRun, 'execs'),
    log: path.join(inRoot, 'container.log'),
    plan: path.join(inRoot, 'start.json'),
  };
}

/** Half of an id of ours is unique enough; other doors may choose ids of any form. */
function shortFolder(id: string): string {
  return /^[0-9a-f]{64}$/.test(id) ? id.slice(0, 32) : createHash('sha256').update(id).digest('hex').slice(0, 32);
}

/** @throws invalid_argument when sockets of containers would not fit below this run folder */
export function checkRunFolder(run: string): void {
  const longest = longestSocketPath - tail.length;
  if (Buffer.byteLength(run) <= longest) return;
  throw new BerthError('invalid_argument', `the run folder ${run} is longer than ${longest} bytes`, {
    code: 'run_folder_too_long',
    hint: 'unix sockets have short paths: choose a run folder such as /run/berth',
  });
}
