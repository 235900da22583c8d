import assert from 'node:assert/strict';
import { mkdirSync, existsSync } from 'node:fs';
import type { PodSandboxStatus } from '@berth/wire/gen/cri/v1/api_pb';
import { Container } from './container.ts';
import type { ContainerConfig, PodConfig } from './config.ts';
import type { Kubelet } from './kubelet.ts';

let count = 0;

/** A pod that runs, or has run. */
export class Pod {
  readonly kubelet: Kubelet;
  readonly id: string;
  readonly config: PodConfig;

  constructor(kubelet: Kubelet, id: string, config: PodConfig) {
    this.kubelet = kubelet;
    this.id = id;
    this.config = config;
  }

  async status(): Promise<PodSandboxStatus> {
    const { status } = await this.kubelet.runtime.podSandboxStatus({ podSandboxId: this.id });
    assert.ok(status !== undefined, 'the answer has no status');
    return status;
  }

  /** The first address, which has to be there. */
  async address(): Promise<string> {
    const { network } = await this.status();
    assert.match(network?.ip ?? '', /^\d+\.\d+\.\d+\.\d+$/);
    return network!.ip;
  }

  async stop(): Promise<void> {
    await this.kubelet.runtime.stopPodSandbox({ podSandboxId: this.id });
  }

  async remove(): Promise<void> {
    await this.kubelet.runtime.removePodSandbox({ podSandboxId: this.id });
  }

  /** What a container is asked to be: a busybox that sleeps. */
  async containerConfig(change: ContainerConfig = {}): Promise<ContainerConfig> {
    const name = `container-${count++}`;
    const { logDirectory = '' } = this.config;
    // kubelet does so before it creates a container.
    if (logDirectory !== '' && !existsSync(logDirectory)) mkdirSync(logDirectory, { recursive: true });
    const image = change.image ?? { image: await this.kubelet.image() };
    return { metadata: { name, attempt: 0 }, logPath: `${name}.log`, ...change, image };
  }

  /** Creates a container, and does not start it. */
  async create(change: ContainerConfig = {}): Promise<Container> {
    return await this.createExactly(await this.containerConfig(change));
  }

  async createExactly(config: ContainerConfig): Promise<Container> {
    const { runtime } = this.kubelet;
    const request = { podSandboxId: this.id, config, sandboxConfig: this.config };
    const { containerId } = await runtime.createContainer(request);
    return new Container(this, containerId, config);
  }

  /** Creates and starts a container. */
  async start(change: ContainerConfig = {}): Promise<Container> {
    const container = await this.create(change);
    await container.start();
    return container;
  }

  /** Runs a shell script in a container of its own to its end. */
  async script(script: string, change: ContainerConfig = {}): Promise<Container> {
    const container = await this.start({ command: ['sh', '-c', script], ...change });
    await container.ended();
    return container;
  }

  /** The standard output of a shell script that a container of its own runs, and that must succeed. */
  async output(script: string, change: ContainerConfig = {}): Promise<string> {
    const container = await this.script(script, change);
    const { exitCode, message } = await container.status();
    assert.equal(exitCode, 0, `${message} ${container.text('stderr')}`);
    return container.text().trimEnd();
  }
}
