import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type BerthClient, connectBerth } from '@berth/sdk/client';
import { seed } from '../e2e/registry-image.ts';
import { Engine } from '../harness/engine.ts';
import { Registry, whyNoRegistry } from '../harness/registry.ts';
import { type CrashImage, makeCrashImages } from './crash-images.ts';
import { checkRoot, readReferences, type References, strayIngests } from './inspect-root.ts';

export interface CrashOptions {
  /** The root folder; one of the engine's own when absent. */
  readonly root?: string;
  /** What hits the daemon; it is dead when this resolves. */
  readonly strike: (engine: Engine) => Promise<void>;
}

/** An engine that is hit again and again while it has work to do, and looked at each time. */
export class CrashPlace implements AsyncDisposable {
  readonly engine: Engine;
  readonly images: readonly CrashImage[];
  readonly #folder: string;
  readonly #references: References;
  readonly #client: BerthClient;
  readonly #strike: CrashOptions['strike'];
  /** Absent where there is no program for it: then nothing is pulled. */
  readonly #registry: Registry | undefined;
  /** How long loading everything takes on this machine, ms. */
  readonly #usual: number;
  #boots = 0;
  strikes = 0;

  private constructor(parts: Parts, strike: CrashOptions['strike']) {
    this.engine = parts.engine;
    this.images = parts.images;
    this.#folder = parts.folder;
    this.#references = parts.references;
    this.#usual = parts.usual;
    this.#registry = parts.registry;
    this.#strike = strike;
    this.#client = connectBerth({ socket: this.engine.socket });
  }

  static async open({ root, strike }: CrashOptions): Promise<CrashPlace> {
    const folder = mkdtempSync('/tmp/bt-crash-');
    const images = makeCrashImages(folder);
    const reference = await makeReference(images);
    const bootFile = path.join(folder, 'boot');
    writeFileSync(bootFile, 'boot 0');
    const env = { BERTH_BOOT_ID_FILE: bootFile };
    const engine = await Engine.start({ ...(root === undefined ? {} : { root }), env });
    return new CrashPlace({ engine, folder, images, ...reference, registry: await seeded(images) }, strike);
  }

  /** The machine went down: the next daemon finds that out. */
  newBoot(): void {
    writeFileSync(path.join(this.#folder, 'boot'), `boot ${++this.#boots}`);
  }

  /** One crash while a few things are done at once, and a look at what is left. */
  async round(): Promise<void> {
    const work = this.#someWork().map((one) => one().catch(() => undefined));
    await sleep(Math.random() * this.#usual);
    await this.#strike(this.engine);
    this.strikes += 1;
    await Promise.all(work);
    await this.engine.launch();
    checkRoot(this.engine.root, this.#references);
    assert.deepEqual(strayIngests(this.engine.root), []);
    const [one] = await this.#present();
    if (one !== undefined) await this.#checkRuns(one.name, one.image);
  }

  /** Loading again makes everything whole, and removing it leaves nothing. */
  async heal(): Promise<void> {
    for (const image of this.images) await this.#load(image);
    for (const image of this.images) await this.#pull(image);
    for (const image of this.images) await this.#checkRuns(image.name, image);
    await this.engine.restart();
    checkRoot(this.engine.root, this.#references);
    const doors = this.#registry === undefined ? 1 : 2;
    assert.equal((await this.#present()).length, doors * this.images.length);
  }

  async removeAll(): Promise<void> {
    for (const { names } of await this.#client.images.list()) {
      for (const name of names) await this.#client.images.remove(name);
    }
    await this.engine.restart();
    checkRoot(this.engine.root, new Map());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.engine[Symbol.asyncDispose]();
    await this.#registry?.[Symbol.asyncDispose]();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #someWork(): (() => Promise<void>)[] {
    const actions = this.images.flatMap((image) => [
      () => this.#load(image),
      () => this.#pull(image),
      async () => void (await this.#client.images.remove(image.name)),
    ]);
    const count = 1 + Math.floor(Math.random() * 4);
    return Array.from({ length: count }, () => actions[Math.floor(Math.random() * actions.length)]!);
  }

  async #load({ file }: CrashImage): Promise<void> {
    for await (const event of this.#client.images.load({ path: file })) assert.ok(event);
  }

  async #pull({ name }: CrashImage): Promise<void> {
    if (this.#registry === undefined) return;
    for await (const event of this.#client.images.pull(`${this.#registry.host}/${name}`)) assert.ok(event);
  }

  /** Every name that is there, loaded or pulled, with its image. */
  async #present(): Promise<readonly { readonly name: string; readonly image: CrashImage }[]> {
    const names = (await this.#client.images.list()).flatMap((image) => image.names);
    return names.map((name) => ({ name, image: this.images.find((one) => name.endsWith(one.name))! }));
  }

  async #checkRuns(name: string, { script, output }: CrashImage): Promise<void> {
    assert.equal(await this.engine.expect(['run', '--rm', name, 'sh', '-ec', script]), output);
  }
}

async function seeded(images: readonly CrashImage[]): Promise<Registry | undefined> {
  if (whyNoRegistry !== false) return undefined;
  const registry = await Registry.start();
  for (const { name, image } of images) await seed(registry, name, image);
  return registry;
}

interface Parts extends Reference {
  readonly engine: Engine;
  readonly folder: string;
  readonly images: readonly CrashImage[];
  readonly registry: Registry | undefined;
}

interface Reference {
  readonly references: References;
  readonly usual: number;
}

/** What all images look like where nothing goes wrong. */
async function makeReference(images: readonly CrashImage[]): Promise<Reference> {
  await using engine = await Engine.start();
  const client = connectBerth({ socket: engine.socket });
  const began = performance.now();
  for (const { file } of images) for await (const event of client.images.load({ path: file })) assert.ok(event);
  const usual = performance.now() - began;
  await engine.stop();
  return { references: readReferences(engine.root), usual };
}
