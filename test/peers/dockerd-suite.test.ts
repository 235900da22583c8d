import { after, before, describe } from 'node:test';
import { openDockerSource } from '@berth/image/medium/docker/source';
import { openDockerTarget } from '@berth/image/medium/docker/target';
import { mediumSuite } from '@berth/image/medium/medium-suite';
import { Dockerd, whyNoContainerdStore, whyNoDockerd } from '../harness/dockerd.ts';

// Blobs of images that are removed stay in the containerd store until it collects: none is there "not yet" for sure.
const stores = [
  { store: 'graph', whyNot: whyNoDockerd, traits: { keepsBlobs: true, findsBlobs: false, foreignLayers: false } },
  { store: 'containerd', whyNot: whyNoContainerdStore, traits: { keepsBlobs: true, findsBlobs: false } },
] as const;

for (const { store, whyNot, traits } of stores) {
  describe(`dockerd's ${store} store, as a medium`, { skip: whyNot }, () => {
    let dockerd: Dockerd;
    before(async () => void (dockerd = await Dockerd.start({ store })));
    after(() => dockerd?.[Symbol.asyncDispose]());

    mediumSuite(async () => {
      const name = 'docker.io/library/suite:1';
      return {
        target: () => openDockerTarget({ host: dockerd.host }, name),
        source: () => openDockerSource({ host: dockerd.host }, name),
        // Also what the name pointed at before.
        async close() {
          const ids = (await dockerd.expect(['images', '--all', '--quiet', '--no-trunc'])).split('\n').filter(Boolean);
          if (ids.length > 0) await dockerd.expect(['rmi', '--force', ...new Set(ids)]);
        },
      };
    }, traits);
  });
}
