import path from 'node:path';
import type { CriFacts, RuntimeFacts } from '#api/cri/backend';
import type { ContainerBackend } from '#service/container/backend';
import type { DaemonConfig } from './config.ts';
import { version } from './version.ts';

/** What CRI clients are told of the engine itself. */
export function criFacts(config: DaemonConfig, { runtimes }: ContainerBackend): CriFacts {
  const { cri, network, root, run, cgroupParent } = config;
  const look = async (name: string): Promise<RuntimeFacts> => ({ name, ...(await runtimes.get(name).features()) });
  return {
    version,
    root: path.join(root, 'snapshots'),
    defaultRuntime: cri.defaultRuntime,
    pauseImage: cri.pauseImage,
    cgroupDriver: cri.cgroupDriver,
    runtimes: () => Promise.all(runtimes.names.map(look)),
    describe: () => ({ root, run, cgroupParent, cri, network, runtimes: config.runtimes }),
  };
}
