import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Message, MessageInitShape } from '@bufbuild/protobuf';
import {
  type ContainerConfigSchema,
  ContainerState,
  type ContainerStatus,
  type PodSandboxConfigSchema,
} from '@berth/wire/gen/cri/v1/api_pb';
import { CriClient } from '../harness/cri-client.ts';
import { CriImages } from '../harness/cri-images.ts';
import { Engine } from '../harness/engine.ts';
import { assertNothingLeft, type Belongings, belongings } from '../harness/leaks.ts';
import { eventPatience } from '../harness/patience.ts';
import { enterOwnNetwork } from '../harness/own-network.ts';

export type PodWish = Exclude<MessageInitShape<typeof PodSandboxConfigSchema>, Message>;
export type ContainerWish = Exclude<MessageInitShape<typeof ContainerConfigSchema>, Message>;

/** An engine with the built-in network in a network of the test's own, and pods made in few words. */
export class PodPlace implements AsyncDisposable {
  readonly engine: Engine;
  cri: CriClient;
  readonly images: CriImages;
  /** A folder of the test's own on the host. */
  readonly folder: string;
  #before: Belongings;
  readonly #pods = new Map<string, PodWish>();
  #count = 0;

  private constructor(parts: { engine: Engine; cri: CriClient; images: CriImages; folder: string }) {
    this.engine = parts.engine;
    this.cri = parts.cri;
    this.images = parts.images;
    this.folder = parts.folder;
    this.#before = belongings(parts.engine);
  }

  /** @param config further lines of berthd.toml */
  static async open(config = ''): Promise<PodPlace> {
    enterOwnNetwork();
    const folder = mkdtempSync('/tmp/bt-pod-');
    const file = path.join(folder, 'berthd.toml');
    writeFileSync(file, `${config}\n[network]\nbuiltin = true\ncni_conf = "${folder}/none"\n`);
    const images = await CriImages.start();
    const engine = await Engine.start({ env: { BERTH_CONFIG: file } });
    const place = new PodPlace({ engine, cri: await CriClient.open(engine.socket), images, folder });
    // What the first pod of an engine makes stays: its image, its folders.
    await place.start(await place.run());
    await place.settle();
    return place;
  }

  /** Pulls one of the images of CRI tests. @returns its reference */
  async image(name = 'box'): Promise<string> {
    const image = await this.images.reference(name);
    await this.cri.images.pullImage({ image: { image } });
    return image;
  }

  /** A pod that is ready. */
  async run(wish: PodWish = {}): Promise<string> {
    const name = `pod${++this.#count}`;
    const metadata = { name, uid: name, namespace: 'default', attempt: 0 };
    const config = { hostname: name, metadata, ...wish };
    const { podSandboxId } = await this.cri.runtime.runPodSandbox({ config });
    this.#pods.set(podSandboxId, config);
    return podSandboxId;
  }

  /** A container of the pod that runs; by default it only waits. */
  async start(podSandboxId: string, wish: ContainerWish = {}, image?: string): Promise<string> {
    const containerId = await this.create(podSandboxId, wish, image);
    await this.cri.runtime.startContainer({ containerId });
    return containerId;
  }

  async create(podSandboxId: string, wish: ContainerWish = {}, image?: string): Promise<string> {
    const sandboxConfig = this.#pods.get(podSandboxId);
    assert.ok(sandboxConfig !== undefined, `no pod ${podSandboxId}`);
    const metadata = { name: `c${++this.#count}`, attempt: 0 };
    const config = { metadata, image: { image: image ?? (await this.image()) }, ...wish };
    return (await this.cri.runtime.createContainer({ podSandboxId, config, sandboxConfig })).containerId;
  }

  /** What a script in the container writes to standard output; it must succeed. */
  async sh(containerId: string, script: string): Promise<string> {
    const { exitCode, stdout, stderr } = await this.try(containerId, script);
    assert.equal(exitCode, 0, `${script}: ${stderr}${stdout}`);
    return stdout;
  }

  async try(containerId: string, script: string) {
    const answer = await this.cri.runtime.execSync({ containerId, cmd: ['sh', '-c', script], timeout: 0n });
    const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('utf8').trimEnd();
    return { exitCode: answer.exitCode, stdout: text(answer.stdout), stderr: text(answer.stderr) };
  }

  /** The daemon is killed and started again. */
  async crash(): Promise<void> {
    await this.engine.kill9();
    await this.comeBack();
  }

  /** A daemon is started after the end of another. */
  async comeBack(): Promise<void> {
    await this.engine.launch();
    await this.cri[Symbol.asyncDispose]();
    this.cri = await CriClient.open(this.engine.socket);
    // The new daemon has a new launcher; shims are its children no longer than a moment.
    const own = readFileSync(`/proc/${this.engine.pid}/task/${this.engine.pid}/children`, 'utf8').trim().split(' ');
    const launcher = belongings(this.engine)['process']?.filter((line) => own.includes(line.split(' ')[0] ?? '')) ?? [];
    this.#before = { ...this.#before, process: launcher };
  }

  /** Removes a pod with all that is in it. */
  async remove(podSandboxId: string): Promise<void> {
    await this.cri.runtime.stopPodSandbox({ podSandboxId });
    await this.cri.runtime.removePodSandbox({ podSandboxId });
    this.#pods.delete(podSandboxId);
  }

  async removeAll(): Promise<void> {
    for (const id of this.#pods.keys()) await this.remove(id);
  }

  /** The status of a container once it has ended. */
  async ended(containerId: string): Promise<ContainerStatus> {
    return await this.until(async () => {
      const { status } = await this.cri.runtime.containerStatus({ containerId });
      return status?.state === ContainerState.CONTAINER_EXITED ? status : undefined;
    });
  }

  /** What `look` sees, once it sees something. @throws AssertionError when that does not come */
  async until<T>(look: () => Promise<T | undefined | false>): Promise<T> {
    for (const deadline = Date.now() + eventPatience; Date.now() < deadline; await sleep(20)) {
      const seen = await look();
      if (seen !== undefined && seen !== false) return seen;
    }
    return assert.fail('it did not come');
  }

  /** From now on: what is there is no litter, such as images. */
  takeStock(): void {
    this.#before = belongings(this.engine);
  }

  /** Removes all pods; what is there then is no leftover. */
  async settle(): Promise<void> {
    await this.removeAll();
    this.#before = belongings(this.engine);
  }

  /** Once all pods are removed. */
  async assertNothingLeft(): Promise<void> {
    await assertNothingLeft(this.engine, this.#before);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cri[Symbol.asyncDispose]();
    await this.engine[Symbol.asyncDispose]();
    await this.images[Symbol.asyncDispose]();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
