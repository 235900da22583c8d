import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { errnoName } from '@berth/model/error';

export interface ProcessFacts {
  readonly count: bigint;
  readonly descriptors: bigint;
  readonly sockets: bigint;
  /** Of the first process. Those without limit are left out: the wire has no word for them. */
  readonly softLimits: readonly { readonly name: string; readonly value: bigint }[];
}

/** What ends while it is looked at: proc_pid_fd(5) answers ESRCH to those who hold its folder open. */
const gone = new Set(['ENOENT', 'ESRCH', 'EINVAL']);

/** @param pids of all processes; @param first the container's first one */
export function processFacts(pids: readonly number[], first: number): ProcessFacts {
  let descriptors = 0;
  let sockets = 0;
  for (const pid of pids) {
    const open = orGone(() => readdirSync(`/proc/${pid}/fd`)) ?? [];
    descriptors += open.length;
    sockets += open.filter((fd) => orGone(() => readlinkSync(`/proc/${pid}/fd/${fd}`))?.startsWith('socket:')).length;
  }
  return {
    count: BigInt(pids.length),
    descriptors: BigInt(descriptors),
    sockets: BigInt(sockets),
    softLimits: parseLimits(orGone(() => readFileSync(`/proc/${first}/limits`, 'utf8')) ?? ''),
  };
}

/** proc_pid_limits(5): `Max open files            1024                 524288               files`. cAdvisor tells this one. */
export function parseLimits(text: string): ProcessFacts['softLimits'] {
  const soft = /^Max open files\s+([0-9]+)\s/m.exec(text)?.[1];
  return soft === undefined ? [] : [{ name: 'max_open_files', value: BigInt(soft) }];
}

function orGone<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (gone.has(errnoName(error) ?? '')) return undefined;
    throw error;
  }
}
