import { randomBytes } from 'node:crypto';
import { seed } from '../e2e/registry-image.ts';
import { busybox, type ImageOptions, testImage } from './images.ts';
import { Registry } from './registry.ts';

const runs: Readonly<Record<string, ImageOptions['run']>> = {
  /** Holds the sandboxes of peers that need an image for that. */
  pause: { Entrypoint: ['sleep', '1000000000'], Cmd: [] },
  box: { Cmd: ['sleep', '1000000'] },
  user: { User: '1000', Cmd: ['sleep', '1000000'] },
  'user-name': { User: 'app', Cmd: ['sleep', '1000000'] },
  'user-group': { User: '1000:44', Cmd: ['sleep', '1000000'] },
  stop: { StopSignal: 'SIGUSR1', Cmd: ['sleep', '1000000'] },
  volume: { Volumes: { '/kept': {} }, Cmd: ['sleep', '1000000'] },
  words: {
    Entrypoint: ['echo', 'entrypoint'],
    Cmd: ['command'],
    Env: ['PATH=/bin:/usr/bin', 'FROM_IMAGE=image', 'BOTH=image'],
    WorkingDir: '/tmp',
    Labels: { 'org.example.from': 'image' },
  },
};

/** The images of CRI tests in a registry of their own. */
export class CriImages implements AsyncDisposable {
  readonly registry: Registry;
  /** The same images behind a password. */
  readonly guarded: Registry;
  readonly #seeded = new Map<string, Promise<string>>();
  #count = 0;

  private constructor(registry: Registry, guarded: Registry) {
    this.registry = registry;
    this.guarded = guarded;
  }

  static async start(): Promise<CriImages> {
    await using parts = new AsyncDisposableStack();
    const registry = parts.use(await Registry.start());
    const guarded = await Registry.start({ root: registry.root, htpasswd: credentials });
    parts.move();
    return new CriImages(registry, guarded);
  }

  /** A reference to one of the images that are named above, once the registry has it. */
  async reference(name: string): Promise<string> {
    const made = this.#seeded.get(name) ?? seed(this.registry, `${name}:1`, testImage({ run: runs[name] }));
    this.#seeded.set(name, made);
    await made;
    return `${this.registry.host}/${name}:1`;
  }

  /** An image that nobody else has, under these tags. @param bytes how large it is at least */
  async fresh(tags: readonly string[] = ['1'], { bytes = 200_000 } = {}): Promise<FreshImage> {
    const count = String(this.#count++);
    const layers = [[...busybox(), { path: 'fresh', body: randomBytes(bytes) }]];
    const image = testImage({ layers });
    let digest = '';
    for (const tag of tags) digest = await seed(this.registry, `fresh-${count}:${tag}`, image);
    const path = `fresh-${count}`;
    return { path, repository: `${this.registry.host}/${path}`, digest, configDigest: image.config.digest };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.guarded[Symbol.asyncDispose]();
    await this.registry[Symbol.asyncDispose]();
  }
}

export const credentials = { username: 'kubelet', password: 'secret' };

export interface FreshImage {
  /** Without the registry's host. */
  readonly path: string;
  readonly repository: string;
  /** Of its manifest. */
  readonly digest: string;
  readonly configDigest: string;
}
