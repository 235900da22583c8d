import { readFileSync } from 'node:fs';
import os from 'node:os';
import { backgroundContext } from '@berth/model/context';
import type { CgroupLayout } from '@berth/runtime/cgroup/layout';
import type { SnapshotStore } from '#store/snapshot';
import type { ContainerService } from '#service/container/contract';
import type { ImageService } from '#service/image/contract';
import type { EngineIdentity, SystemService } from './contract.ts';

export interface SystemBackend {
  readonly identity: EngineIdentity;
  readonly containers: ContainerService;
  readonly images: ImageService;
  readonly snapshots: SnapshotStore;
  readonly cgroups: CgroupLayout;
  readonly runtimes: readonly string[];
  readonly shutdown: () => void;
}

export function createSystemService(backend: SystemBackend): SystemService {
  const { identity, containers, images, snapshots, cgroups, runtimes, shutdown } = backend;
  return {
    identity,
    shutdown,
    info: async (context) => {
      const states = containers.list(context).map((view) => view.state.status);
      const count = (...wanted: string[]): number => states.filter((status) => wanted.includes(status)).length;
      return {
        containers: { running: count('running'), paused: count('paused'), stopped: count('created', 'exited') },
        images: (await images.list(backgroundContext(context.log, context.namespace))).length,
        snapshotter: snapshots.driver,
        runtimes,
        cgroup: { version: cgroups.version, driver: 'cgroupfs' },
        kernel: os.release(),
        architecture: os.arch(),
        cpus: os.availableParallelism(),
        memory: os.totalmem(),
        warnings: warnings(cgroups),
      };
    },
  };
}

/** What this machine lacks that containers may ask for. */
function warnings(cgroups: CgroupLayout): string[] {
  const controllers = new Set([...cgroups.controllers, ...cgroups.hierarchies.flatMap((one) => one.controllers)]);
  const missing = ['cpu', 'memory', 'pids'].filter((name) => !controllers.has(name));
  const found = missing.map((name) => `the kernel offers no ${name} controller: its limits have no effect`);
  if (!hasLsm('apparmor') && !hasLsm('selinux')) found.push('neither AppArmor nor SELinux is active');
  return found;
}

function hasLsm(name: string): boolean {
  try {
    return readFileSync('/sys/kernel/security/lsm', 'utf8').split(',').includes(name);
  } catch {
    // securityfs is not mounted: then nothing is told, and nothing is enforced through it.
    return false;
  }
}
