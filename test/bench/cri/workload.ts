import { mkdirSync, readFileSync, rmdirSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { NamespaceMode } from '@berth/wire/gen/cri/v1/api_pb';
import { cgroupFoldersOf } from '../../harness/cgroup-folders.ts';
import { eventPatience } from '../../harness/patience.ts';
import type { ContainerConfig, PodConfig } from '../../conformance/cri/suite/config.ts';
import type { CriPlace } from './place.ts';
import type { CriServer } from './server.ts';

let count = 0;

/** Ends at once on SIGTERM: what is measured is the engine. */
export const untilTerm = ['sh', '-c', 'trap "exit 0" TERM; echo ready; sleep 1000000 & wait'];
/** The cheapest of all. */
export const idle = ['sleep', '1000000'];

export interface RunningContainer {
  readonly id: string;
  readonly log: string;
}

/** Pods and containers as kubelet asks for them. */
export class Workload {
  readonly server: CriServer;
  readonly #place: CriPlace;

  constructor(place: CriPlace, server: CriServer) {
    this.#place = place;
    this.server = server;
  }

  podConfig(): PodConfig {
    const name = `pod-${count++}`;
    const logDirectory = path.join(this.#place.home, 'logs', name);
    mkdirSync(logDirectory, { recursive: true });
    return {
      metadata: { name, uid: `uid-${name}`, namespace: 'bench', attempt: 0 },
      hostname: name,
      logDirectory,
      dnsConfig: { servers: ['10.96.0.10'], searches: ['svc.cluster.local'], options: ['ndots:5'] },
      labels: { 'io.kubernetes.pod.name': name, 'io.kubernetes.pod.namespace': 'bench' },
      linux: {
        cgroupParent: `${this.#cgroups}/${name}`,
        securityContext: { namespaceOptions: { pid: NamespaceMode.CONTAINER } },
      },
    };
  }

  containerConfig(command: readonly string[]): ContainerConfig {
    return {
      metadata: { name: 'app', attempt: 0 },
      image: { image: this.#place.image },
      command: [...command],
      logPath: 'app.log',
      linux: {
        resources: { cpuShares: 2n, oomScoreAdj: 1000n },
        securityContext: {
          namespaceOptions: { pid: NamespaceMode.CONTAINER },
          maskedPaths: ['/proc/kcore', '/proc/keys', '/proc/timer_list', '/sys/firmware'],
          readonlyPaths: ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'],
        },
      },
    };
  }

  async pod(config = this.podConfig()): Promise<string> {
    const { podSandboxId } = await this.server.client.runtime.runPodSandbox({ config });
    return podSandboxId;
  }

  async container(pod: string, sandboxConfig: PodConfig, command: readonly string[]): Promise<RunningContainer> {
    const { runtime } = this.server.client;
    const config = this.containerConfig(command);
    const { containerId } = await runtime.createContainer({ podSandboxId: pod, config, sandboxConfig });
    await runtime.startContainer({ containerId });
    return { id: containerId, log: path.join(sandboxConfig.logDirectory!, config.logPath!) };
  }

  /** Pods with a container each, eight at once. @returns their ids */
  async many(number: number, command: readonly string[]): Promise<string[]> {
    const ids: string[] = [];
    await atOnce(8, number, async () => {
      const config = this.podConfig();
      const pod = await this.pod(config);
      ids.push(pod);
      await this.container(pod, config, command);
    });
    return ids;
  }

  get #cgroups(): string {
    return `${this.server.cgroupParent}/kubepods`;
  }

  /** kubelet makes a cgroup for each pod, and removes it after the pod. */
  removeCgroups(cgroupParent = this.#cgroups): void {
    for (const folder of cgroupFoldersOf({ cgroupParent }).toReversed()) rmdirSync(folder);
  }

  async removeAll(): Promise<void> {
    const { runtime } = this.server.client;
    const { items } = await runtime.listPodSandbox();
    const left = items.map(({ id }) => id);
    await atOnce(8, left.length, async () => {
      const podSandboxId = left.pop()!;
      await runtime.stopPodSandbox({ podSandboxId });
      await runtime.removePodSandbox({ podSandboxId });
    });
    this.removeCgroups();
  }
}

/** Runs it so many times, some of them at the same time. */
export async function atOnce(width: number, times: number, run: () => Promise<unknown>): Promise<void> {
  let left = times;
  const lane = async (): Promise<void> => {
    while (left-- > 0) await run();
  };
  await Promise.all(Array.from({ length: width }, lane));
}

/** The program has its trap. */
export async function untilReady({ log }: RunningContainer): Promise<void> {
  for (const deadline = Date.now() + eventPatience; !readFileSync(log, 'utf8').includes('ready'); await sleep(5)) {
    if (Date.now() > deadline) throw new Error(`the container of ${log} does not say that it is ready`);
  }
}
