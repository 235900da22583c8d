import { mkdtempSync, rmSync } from 'node:fs';
import { seed } from '../../e2e/registry-image.ts';
import { CriImages } from '../../harness/cri-images.ts';
import { pluginFolder, writeNetwork } from '../../harness/cri-network.ts';
import { busybox, testImage } from '../../harness/images.ts';
import { enterOwnNetwork } from '../../harness/own-network.ts';
import { whyNoRegistry } from '../../harness/registry.ts';
import { findPeer } from '../peer/packages.ts';
import type { Findings } from '../report.ts';
import { berthServer, containerdServer, type CriServer, type ServerPlace } from './server.ts';
import { lineWriter } from './line-writer.ts';

/** What all servers of a measurement share: the machine's network apart, a configuration, a registry with the images. */
export class CriPlace implements AsyncDisposable {
  readonly home: string;
  readonly server: ServerPlace;
  /** A reference to the image of the pods' containers. */
  readonly image: string;
  readonly #images: CriImages;

  private constructor(server: ServerPlace, image: string, images: CriImages) {
    this.home = server.home;
    this.server = server;
    this.image = image;
    this.#images = images;
  }

  static async open(): Promise<CriPlace> {
    // Before there is no way out any more.
    findPeer('containerd');
    enterOwnNetwork();
    const home = mkdtempSync('/tmp/bk-');
    const images = await CriImages.start();
    const layers = [[...busybox(), { path: 'bin/lines', mode: 0o755, body: lineWriter() }]];
    await seed(images.registry, 'bench:1', testImage({ layers }));
    const pause = await images.reference('pause');
    const network = writeNetwork(home, '10.90');
    return new CriPlace({ home, network, pause }, `${images.registry.host}/bench:1`, images);
  }

  /** One after the other, each with the image; ended when the measurement is done. */
  async each(measure: (server: CriServer) => Promise<void>): Promise<string[]> {
    for (const open of [berthServer, containerdServer]) {
      await using server = await open(this.server);
      if (server === undefined) return [noPeer];
      await this.pull(server);
      await measure(server);
    }
    return [];
  }

  async pull({ client }: CriServer): Promise<void> {
    await client.images.pullImage({ image: { image: this.image } });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#images[Symbol.asyncDispose]();
    rmSync(this.home, { recursive: true, force: true });
  }
}

export const noPeer = 'containerd left out: it is not here, and could not be fetched';

/** Measures when the machine has what it takes. */
export async function withPlace(measure: (place: CriPlace) => Promise<Findings>): Promise<Findings> {
  const obstacle =
    whyNoRegistry || (pluginFolder() === undefined && 'needs the CNI plugins of containernetworking-plugins');
  if (obstacle !== false) return { rows: [], notes: [`left out: ${obstacle}`] };
  await using place = await CriPlace.open();
  return await measure(place);
}
