import { mkdtempSync, rmSync } from 'node:fs';
import { NamespaceMode } from '@berth/wire/gen/cri/v1/api_pb';
import { CriClient, type ImageCalls, type RuntimeCalls } from '../../../harness/cri-client.ts';
import type { CriTarget } from '../../../harness/cri-target.ts';
import type { PodChange, PodConfig } from './config.ts';
import { Pod } from './pod.ts';
import { until } from './until.ts';

let count = 0;

/** A client of the CRI as kubelet is one, with a connection and pods of its own that go with it. */
export class Kubelet implements AsyncDisposable {
  readonly target: CriTarget;
  /** For logs and volumes. */
  readonly folder = mkdtempSync('/tmp/bk-');
  /** Nobody else's in this run: for labels and names. */
  readonly tag = `case-${process.pid}-${count++}`;
  /** Other after each `restartServer`. */
  client: CriClient;
  readonly #pods: Pod[] = [];

  constructor(target: CriTarget, client: CriClient) {
    this.target = target;
    this.client = client;
  }

  get runtime(): RuntimeCalls {
    return this.client.runtime;
  }

  get images(): ImageCalls {
    return this.client.images;
  }

  /** Kills the server and starts it again: for cases that run alone. */
  async restartServer(): Promise<void> {
    await this.client[Symbol.asyncDispose]();
    await this.target.restart();
    this.client = await CriClient.open(this.target.socket);
    // A peer answers before it has found its pods again.
    const answers = () =>
      this.runtime.status().then(
        () => true,
        () => false,
      );
    await until(answers, 'the server answers');
  }

  /** What a pod is asked to be: in the host's network, which is quicker than one of its own. */
  podConfig({ linux, security, namespaces, ...change }: PodChange = {}): PodConfig {
    const name = `pod-${count++}`;
    const namespaceOptions = { network: NamespaceMode.NODE, ...namespaces };
    return {
      metadata: { name, uid: `uid-${this.tag}-${name}`, namespace: 'tests', attempt: 0 },
      logDirectory: `${this.folder}/${name}`,
      labels: { case: this.tag },
      ...change,
      linux: {
        cgroupParent: `${this.target.cgroupParent}/${this.tag}-${name}`,
        ...linux,
        securityContext: { ...security, namespaceOptions },
      },
    };
  }

  /** Runs a pod in the host's network. */
  async pod(change: PodChange = {}, handler = ''): Promise<Pod> {
    return await this.runPod(this.podConfig(change), handler);
  }

  /** Runs a pod with a network of its own. */
  async networkPod({ namespaces, ...change }: PodChange = {}): Promise<Pod> {
    return await this.pod({
      hostname: 'in-a-pod',
      ...change,
      namespaces: { network: NamespaceMode.POD, ...namespaces },
    });
  }

  async runPod(config: PodConfig, handler = ''): Promise<Pod> {
    const { podSandboxId } = await this.runtime.runPodSandbox({ config, runtimeHandler: handler });
    return this.adopt(podSandboxId, config);
  }

  /** A pod that was run by other means is removed with the rest. */
  adopt(id: string, config: PodConfig): Pod {
    const pod = new Pod(this, id, config);
    this.#pods.push(pod);
    return pod;
  }

  /** Pulls one of the images of the tests, if it is not there. @returns its reference */
  async image(name = 'box'): Promise<string> {
    const image = await this.target.images.reference(name);
    const pulls = pullsOf(this.target);
    const pull = pulls.get(image) ?? this.images.pullImage({ image: { image } }).then(() => undefined);
    pulls.set(image, pull);
    await pull;
    return image;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      const ends = await Promise.allSettled(
        this.#pods.map(({ id }) => this.runtime.removePodSandbox({ podSandboxId: id })),
      );
      const failed = ends.find((end) => end.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
    } finally {
      await this.client[Symbol.asyncDispose]();
      rmSync(this.folder, { recursive: true, force: true });
    }
  }
}

const pulls = new WeakMap<CriTarget, Map<string, Promise<void>>>();

function pullsOf(target: CriTarget): Map<string, Promise<void>> {
  const known = pulls.get(target) ?? new Map<string, Promise<void>>();
  pulls.set(target, known);
  return known;
}
