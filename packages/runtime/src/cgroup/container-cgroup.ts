import type { ResourcesSpec } from '@berth/model/runtime-spec';
import { readKeyed } from './cgroup-file.ts';
import { readCoreStats, readEventStats } from './event-stats.ts';
import type { CoreStats, EventStats } from './event-stats.ts';
import { freeze, isFrozen, thaw } from './freeze.ts';
import { cgroupFile } from './layout.ts';
import type { CgroupLayout } from './layout.ts';
import { killMembers, members, signalMembers } from './member.ts';
import { oomKills } from './oom-watch.ts';
import { removeCgroup } from './remove.ts';
import { readStats } from './stats.ts';
import type { CgroupStats } from './stats.ts';
import { updateCgroup } from './update.ts';

/**
 * The cgroup of one container, from its making by the plan until `remove`. It holds no descriptor:
 * any number of them may speak of the same cgroup, also after a restart of the daemon.
 */
export class ContainerCgroup {
  readonly #layout: CgroupLayout;
  readonly #path: string;

  constructor(layout: CgroupLayout, path: string) {
    this.#layout = layout;
    this.#path = path;
  }

  stats(): Promise<CgroupStats> {
    return readStats(this.#layout, this.#path);
  }

  /** The same and more in the form that runc's `events --stats` prints. */
  eventStats(): Promise<EventStats> {
    return readEventStats(this.#layout, this.#path);
  }

  /** The part of it that metrics are made of. */
  coreStats(): Promise<CoreStats> {
    return readCoreStats(this.#layout, this.#path);
  }

  /** Tells when the kernel kills for want of memory; ends with the cgroup or the signal. */
  watchOom(signal: AbortSignal): AsyncIterable<number> {
    return oomKills(this.#layout, this.#path, signal);
  }

  /** How many processes the kernel has killed for want of memory. Ask before `remove`. */
  async oomKills(): Promise<number> {
    const events = await readKeyed(this.#oomFile());
    return events.oom_kill ?? 0;
  }

  freeze(): Promise<void> {
    return freeze(this.#layout, this.#path);
  }

  /** Whether it is paused, or about to be. */
  isFrozen(): Promise<boolean> {
    return isFrozen(this.#layout, this.#path);
  }

  thaw(): Promise<void> {
    return thaw(this.#layout, this.#path);
  }

  pids(): Promise<number[]> {
    return members(this.#layout, this.#path);
  }

  killAll(): Promise<void> {
    return killMembers(this.#layout, this.#path);
  }

  /** `kill --all`; SIGKILL is better sent by `killAll`. */
  signalAll(signal: NodeJS.Signals | number): Promise<void> {
    return signalMembers(this.#layout, this.#path, signal);
  }

  remove(): Promise<void> {
    return removeCgroup(this.#layout, this.#path);
  }

  update(resources: ResourcesSpec): Promise<void> {
    return updateCgroup(this.#layout, this.#path, resources);
  }

  #oomFile(): string {
    const file = this.#layout.version === 2 ? 'memory.events' : 'memory.oom_control';
    return cgroupFile(this.#layout, this.#path, file);
  }
}
