import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ContainerState, NamespaceMode, PodSandboxState } from '@berth/wire/gen/cri/v1/api_pb';
import { CriClient } from '../harness/cri-client.ts';
import { CriImages } from '../harness/cri-images.ts';
import { writeNetwork } from '../harness/cri-network.ts';
import { Engine } from '../harness/engine.ts';
import { type Belongings, belongings, difference } from '../harness/leaks.ts';
import { enterOwnNetwork, ip } from '../harness/own-network.ts';
import { eventPatience } from '../harness/patience.ts';

/** Who gives pods their network. */
export type NetworkKind = 'builtin' | 'cni';

/** How long the calls of a round take, and a little more, ms. */
const roundTime = 250;

/** An engine that is killed again and again while it makes and ends pods, and looked at each time. */
export class PodCrashPlace implements AsyncDisposable {
  readonly #engine: Engine;
  readonly #images: CriImages;
  readonly #folder: string;
  readonly #kind: NetworkKind;
  #cri: CriClient;
  #image = '';
  #before: Belongings = {};
  #count = 0;
  /** What a client has been told to be there: kubelet looks for that, and asks again for the rest. */
  readonly #told = new Set<string>();
  strikes = 0;

  private constructor(parts: { engine: Engine; images: CriImages; folder: string; cri: CriClient; kind: NetworkKind }) {
    this.#engine = parts.engine;
    this.#images = parts.images;
    this.#folder = parts.folder;
    this.#cri = parts.cri;
    this.#kind = parts.kind;
  }

  static async open(kind: NetworkKind): Promise<PodCrashPlace> {
    enterOwnNetwork();
    const folder = mkdtempSync('/tmp/bt-podcrash-');
    const file = path.join(folder, 'berthd.toml');
    const conf = kind === 'cni' ? writeNetwork(folder) : path.join(folder, 'none');
    writeFileSync(
      file,
      `[cri]\ncgroup_driver = "cgroupfs"\n[network]\nbuiltin = ${kind === 'builtin'}\ncni_conf = "${conf}"\n`,
    );
    const images = await CriImages.start();
    const engine = await Engine.start({ env: { BERTH_CONFIG: file } });
    const place = new PodCrashPlace({ engine, images, folder, cri: await CriClient.open(engine.socket), kind });
    place.#image = await images.reference('box');
    await place.#cri.images.pullImage({ image: { image: place.#image } });
    // What comes with the first pod and stays: the bridge, the folder of all cgroups.
    await place.#wholeLife();
    await place.#removeAll();
    place.#before = place.#look();
    return place;
  }

  /** One crash in the middle of a few pods' lives; then each is asked for again, as kubelet does. */
  async round(): Promise<void> {
    const pods = Array.from({ length: 1 + Math.floor(Math.random() * 3) }, () => `crash${++this.#count}`);
    const lives = pods.map((name) => this.#wholeLife(name).catch(() => undefined));
    const pull = this.#pullOther().catch(() => undefined);
    await sleep(Math.random() * roundTime);
    await this.#engine.kill9();
    this.strikes += 1;
    await Promise.all([...lives, pull]);
    await this.#cri[Symbol.asyncDispose]();
    await this.#engine.launch();
    this.#cri = await CriClient.open(this.#engine.socket);
    await this.#checkAnswers();
    for (const name of pods) await this.#wholeLife(name);
    await this.#pullOther();
    await this.#removeAll();
  }

  /** @throws AssertionError for what is left when all pods are removed: addresses, namespaces, mounts, cgroups, names */
  async assertNothingLeft(): Promise<void> {
    let left: string[] = [];
    for (const deadline = Date.now() + eventPatience; Date.now() < deadline; await sleep(50)) {
      left = difference(this.#before, this.#look());
      if (left.length === 0) return;
    }
    assert.fail(`left behind:\n  ${left.join('\n  ')}\n${this.#engine.log.split('\n').slice(-30).join('\n')}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#cri[Symbol.asyncDispose]();
    await this.#engine[Symbol.asyncDispose]();
    await this.#images[Symbol.asyncDispose]();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** What is made under a name that a crash interrupted is found, or made again: never refused. */
  async #wholeLife(name = 'first'): Promise<void> {
    const { runtime } = this.#cri;
    const linux = { securityContext: { namespaceOptions: namespacesOf(name) } };
    const metadata = { name, uid: name, namespace: 'crash', attempt: 0 };
    const config = { metadata, logDirectory: this.#folder, linux };
    const podSandboxId = await this.#readyPod(config);
    const wanted = {
      metadata: { name: 'c', attempt: 0 },
      image: { image: this.#image },
      logPath: `${name}.log`,
      linux,
    };
    const containerId = await this.#freshContainer(podSandboxId, { config: wanted, sandboxConfig: config });
    await runtime.startContainer({ containerId });
    const { exitCode } = await runtime.execSync({ containerId, cmd: ['true'], timeout: 20n });
    assert.equal(exitCode, 0);
    await runtime.stopContainer({ containerId, timeout: 0n });
    await runtime.removeContainer({ containerId });
    await runtime.stopPodSandbox({ podSandboxId });
    await runtime.removePodSandbox({ podSandboxId });
  }

  /** As kubelet: one that is there and ready is used, one that is not ready is taken away first. */
  async #readyPod(config: PodConfig): Promise<string> {
    const { runtime } = this.#cri;
    const { name } = config.metadata;
    const { items } = this.#told.has(name) ? await runtime.listPodSandbox({}) : { items: [] };
    for (const { id, metadata, state } of items.filter(({ metadata: one }) => one?.name === name)) {
      assert.ok(metadata !== undefined);
      if (state === PodSandboxState.SANDBOX_READY) return id;
      await runtime.stopPodSandbox({ podSandboxId: id });
      await runtime.removePodSandbox({ podSandboxId: id });
    }
    const { podSandboxId } = await runtime.runPodSandbox({ config });
    this.#told.add(name);
    return podSandboxId;
  }

  async #freshContainer(podSandboxId: string, request: object): Promise<string> {
    const { runtime } = this.#cri;
    const filter = { podSandboxId };
    const { containers } = this.#told.has(podSandboxId) ? await runtime.listContainers({ filter }) : { containers: [] };
    for (const { id, state } of containers) {
      if (state === ContainerState.CONTAINER_CREATED) return id;
      await runtime.stopContainer({ containerId: id, timeout: 0n });
      await runtime.removeContainer({ containerId: id });
    }
    const { containerId } = await runtime.createContainer({ podSandboxId, ...request });
    this.#told.add(podSandboxId);
    return containerId;
  }

  async #pullOther(): Promise<void> {
    const image = await this.#images.reference('user');
    await this.#cri.images.pullImage({ image: { image } });
    await this.#cri.images.removeImage({ image: { image } });
  }

  async #checkAnswers(): Promise<void> {
    const { runtime } = this.#cri;
    for (const { id } of (await runtime.listPodSandbox({})).items) {
      const { status } = await runtime.podSandboxStatus({ podSandboxId: id });
      assert.ok(status?.createdAt !== undefined && status.createdAt > 0n);
    }
    for (const { id } of (await runtime.listContainers({})).containers) {
      const { status } = await runtime.containerStatus({ containerId: id });
      assert.ok(status !== undefined && status.state !== ContainerState.CONTAINER_UNKNOWN);
      const isOver = status.state === ContainerState.CONTAINER_EXITED;
      assert.equal(status.finishedAt > 0n, isOver);
    }
  }

  async #removeAll(): Promise<void> {
    const { runtime } = this.#cri;
    for (const { id } of (await runtime.listPodSandbox({})).items) {
      await runtime.stopPodSandbox({ podSandboxId: id });
      await runtime.removePodSandbox({ podSandboxId: id });
    }
    assert.deepEqual((await runtime.listContainers({})).containers, []);
  }

  /** Without descriptors and numbers of processes: each daemon has its own, and a launcher. */
  #look(): Belongings {
    const { descriptor: _, process = [], ...rest } = belongings(this.#engine);
    const things = { ...rest, process: process.map((one) => one.replace(/^\d+ /, '')) };
    const links = ip('-o', 'link', 'show')
      .split('\n')
      .filter((line) => line.includes('veth'));
    return { ...things, link: links, address: this.#addresses() };
  }

  #addresses(): string[] {
    if (this.#kind === 'builtin') return [];
    return readdirSync(path.join(this.#folder, 'ipam', 'cri-test')).filter((name) => /^\d/.test(name));
  }
}

/** Of each kind some: a network of the pod's own, one that its user namespace owns, the host's. */
function namespacesOf(name: string) {
  const kind = Number(name.replace(/\D/g, '')) % 4;
  const ids = [{ hostId: 500_000, containerId: 0, length: 65_536 }];
  if (kind === 3) return { network: NamespaceMode.NODE, pid: NamespaceMode.CONTAINER };
  if (kind !== 2) return { network: NamespaceMode.POD, pid: kind === 1 ? NamespaceMode.POD : NamespaceMode.CONTAINER };
  return { pid: NamespaceMode.CONTAINER, usernsOptions: { mode: NamespaceMode.POD, uids: ids, gids: ids } };
}

interface PodConfig {
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly namespace: string;
    readonly attempt: number;
  };
  readonly logDirectory: string;
}
