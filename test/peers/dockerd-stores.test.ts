import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { copyImages } from '@berth/image/copy/copy';
import { openDockerSource } from '@berth/image/medium/docker/source';
import { openDockerTarget } from '@berth/image/medium/docker/target';
import { suiteImage, suiteSource } from '@berth/image/medium/suite-images';
import { Dockerd, whyNoContainerdStore } from '../harness/dockerd.ts';

describe("images between dockerd's two stores", { skip: whyNoContainerdStore }, () => {
  let graph: Dockerd;
  let containerd: Dockerd;
  const options = { signal: new AbortController().signal, platforms: 'host', retries: 0 } as const;

  before(async () => {
    graph = await Dockerd.start();
    containerd = await Dockerd.start({ store: 'containerd' });
  });
  after(async () => {
    await graph?.[Symbol.asyncDispose]();
    await containerd?.[Symbol.asyncDispose]();
  });

  async function move(from: Dockerd, to: Dockerd, [name, newName]: readonly [string, string]) {
    await using source = await openDockerSource({ host: from.host }, name);
    await using target = await openDockerTarget({ host: to.host }, newName);
    return await copyImages(source, target, options);
  }

  it('cost nothing on the way back, though layers are compressed in one and not in the other', async () => {
    {
      await using target = await openDockerTarget({ host: containerd.host }, 'first:1');
      await copyImages(suiteSource(suiteImage()), target, options);
    }
    assert.ok((await move(containerd, graph, ['first:1', 'there:1'])).sent > 0);
    const { sent, images } = await move(graph, containerd, ['there:1', 'back:1']);
    assert.equal(sent, 0);
    const id = (await containerd.expect(['inspect', '--format', '{{.Id}}', 'back:1'])).trim();
    assert.equal(id, images[0]?.digest);
    assert.equal((await move(containerd, graph, ['back:1', 'again:1'])).sent, 0);
  });
});
