import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { CopyOptions, CopyResult } from '@berth/image/copy/contract';
import { copyImages } from '@berth/image/copy/copy';
import { parseLocation } from '@berth/image/medium/location';
import { mediumSuite } from '@berth/image/medium/medium-suite';
import { MemoryMedium } from '@berth/image/medium/memory-medium';
import { type MediumAccess, openSource, openTarget } from '@berth/image/medium/open';
import { type SuiteImage, suiteImage, suiteIndex, suiteSource } from '@berth/image/medium/suite-images';
import { createRegistryClient } from '@berth/image/registry/client';
import type { RegistryClient } from '@berth/image/registry/contract';
import { runCommand } from '../harness/command.ts';
import { Registry, whyNoRegistry } from '../harness/registry.ts';

const signal = AbortSignal.timeout(280_000);
const everything = { signal, platforms: 'all' } as const;

describe('copy and a real registry', { skip: whyNoRegistry }, () => {
  let registry: Registry;
  let client: RegistryClient;
  let folder: string;
  let access: MediumAccess;
  let count = 0;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'berth-copy-registry-'));
    registry = await Registry.start({ delete: true });
    client = createRegistryClient({ credentials: async () => undefined, hostFolders: [], userAgent: 'berth/test' });
    access = { signal, scratch: folder, registry: async () => client };
  });
  after(async () => {
    await client[Symbol.asyncDispose]();
    await registry[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });

  const at = (place: string): ReturnType<typeof parseLocation> =>
    parseLocation(place.replace('HOST', registry.host).replace('@', `${folder}/`));

  async function copy(from: string, to: string, options: Partial<CopyOptions> = {}): Promise<CopyResult> {
    await using source = await openSource(at(from), access);
    await using target = await openTarget(at(to), access);
    return await copyImages(source, target, { ...everything, ...options });
  }

  async function put(image: SuiteImage, to: string): Promise<void> {
    await using target = await openTarget(at(to), access);
    await copyImages(suiteSource(image), target, everything);
  }

  describe('registry://', () => {
    mediumSuite(
      async () => {
        const name = `registry://HOST/suite-${count++}:1`;
        return {
          target: async () => await openTarget(at(name), access),
          source: async () => await openSource(at(name), access),
          close: async () => {},
        };
      },
      { keepsBlobs: true },
    );
  });

  it('takes an index from there into every medium made of files, and back, with the digest that it had', async () => {
    const index = suiteIndex();
    await put(index, 'registry://HOST/start:1');
    let from = 'registry://HOST/start:1';
    for (const place of [
      'oci:@layout:1',
      'registry://HOST/second:1',
      'oci-archive:@a.tar',
      'dir:@folder',
      'registry://HOST/last:1',
    ]) {
      const { images } = await copy(from, place, { preserveDigests: true });
      assert.equal(images[0]?.digest, index.target.digest);
      from = place;
    }
  });

  it('mounts what another repository of the registry has: no layer is sent', async () => {
    const image = suiteImage({ layers: ['mounted', 'too'] });
    await put(image, 'registry://HOST/from:1');
    const { sent, present } = await copy('registry://HOST/from:1', 'registry://HOST/to:1');
    assert.equal(sent, 0);
    assert.ok(present > 0);
  });

  it('gives further tags, and none in another repository', async () => {
    await put(suiteImage(), 'oci:@tags:1');
    await copy('oci:@tags:1', 'registry://HOST/tags:1', { additionalNames: [`${registry.host}/tags:2`] });
    await copy('registry://HOST/tags:2', 'dir:@tagged');
    const others = { additionalNames: [`${registry.host}/others:2`] };
    await assert.rejects(copy('oci:@tags:1', 'registry://HOST/never:3', others), { kind: 'invalid_argument' });
    assert.equal(existsSync(join(registry.root, 'docker/registry/v2/repositories/never')), false);
  });

  it('compresses anew on the way, and skopeo reads it', { skip: !existsSync('/usr/bin/skopeo') }, async () => {
    await put(suiteImage({ family: 'docker', compression: 'none' }), 'registry://HOST/plain:1');
    const { images } = await copy('registry://HOST/plain:1', 'registry://HOST/zstd:1', {
      compress: 'zstd',
      scratch: folder,
    });
    const flags = ['--insecure-policy', 'copy', '--preserve-digests', '--src-tls-verify=false'];
    const place = `docker://${registry.host}/zstd:1`;
    const { code, stderr } = await runCommand(['skopeo', ...flags, place, `dir:${folder}/seen`]);
    assert.equal(code, 0, stderr);
    await using seen = await openSource(at('dir:@seen'), access);
    assert.equal((await seen.images(signal))[0]?.target.digest, images[0]?.digest);
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.startsWith('berth-layer')),
      [],
    );
  });

  it('says what is missing where nothing is', async () => {
    const memory = new MemoryMedium();
    await using source = await openSource(at('registry://HOST/absent:1'), access);
    await assert.rejects(copyImages(source, memory, everything), { kind: 'not_found' });
  });
});
