import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { sha256 } from '@berth/model/digest';
import { parseImageConfig } from '@berth/model/image-config';
import { parseManifest } from '@berth/model/manifest';
import { mediaTypes } from '@berth/model/media-type';
import { tarArchive } from '../tar/writer.ts';
import { buildImportedImage } from './build.ts';
import { applyChanges } from './change.ts';
import { importRootfs } from './import-rootfs.ts';

describe('applyChanges', () => {
  it('does what the instructions say', () => {
    const config = applyChanges({}, [
      'CMD ["/bin/app", "-v"]',
      'entrypoint exec "$@"',
      'ENV A=1 B="two words" C=it\\ is',
      "ENV A='3' ",
      'ENV OLD the whole rest',
      'EXPOSE 80 443/udp 8000-8001',
      'LABEL a.b="c d" e=',
      'USER 1000:1000',
      'WORKDIR /srv',
      'WORKDIR app',
      'VOLUME ["/data"]',
      'VOLUME /x /y',
      'STOPSIGNAL SIGQUIT',
    ]);
    assert.deepEqual(config, {
      Cmd: ['/bin/app', '-v'],
      Entrypoint: ['/bin/sh', '-c', 'exec "$@"'],
      Env: ['A=3', 'B=two words', 'C=it is', 'OLD=the whole rest'],
      ExposedPorts: { '80/tcp': {}, '443/udp': {}, '8000/tcp': {}, '8001/tcp': {} },
      Labels: { 'a.b': 'c d', e: '' },
      User: '1000:1000',
      WorkingDir: '/srv/app',
      Volumes: { '/data': {}, '/x': {}, '/y': {} },
      StopSignal: 'SIGQUIT',
    });
  });

  it('refuses other instructions and wrong arguments', () => {
    for (const line of [
      'RUN x',
      'CMD',
      '',
      'ENV novalue',
      'ENV A="open',
      'EXPOSE x',
      'EXPOSE 0',
      'EXPOSE 9-8',
      'USER a b',
      'constructor x',
    ]) {
      assert.throws(() => applyChanges({}, [line]), { kind: 'invalid_argument', code: 'bad_change' }, line);
    }
  });
});

describe('an imported image', () => {
  it('has documents that read back', () => {
    const layer = { mediaType: mediaTypes.ociLayer, digest: sha256('layer'), size: 5 };
    const built = buildImportedImage({
      layer,
      diffId: layer.digest,
      platform: { os: 'linux', architecture: 'arm', variant: 'v7' },
      changes: ['USER 5'],
      message: 'why',
      created: new Date(0),
    });
    const config = parseImageConfig(built.config.bytes);
    assert.deepEqual(
      [config.variant, config.config?.User, config.created, config.history?.[0]?.comment],
      ['v7', '5', '1970-01-01T00:00:00.000Z', 'why'],
    );
    const manifest = parseManifest(built.manifest.bytes);
    assert.deepEqual([manifest.config, manifest.layers], [built.config.descriptor, [layer]]);
    assert.equal(built.manifest.descriptor.digest, sha256(built.manifest.bytes));
  });

  it('is made of a tar as it is, measured in one pass', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'berth-import-'));
    try {
      const tar = tarArchive([{ name: 'a', content: 'a' }]);
      const path = join(folder, 'rootfs');
      for (const [bytes, mediaType] of [
        [tar, mediaTypes.ociLayer],
        [gzipSync(tar), mediaTypes.ociLayerGzip],
      ] as const) {
        writeFileSync(path, bytes);
        const { manifest, config, result } = await importRootfs(path, {
          copyTo: join(folder, 'blob'),
          changes: ['CMD x'],
        });
        assert.equal(result.diffId, sha256(tar));
        assert.deepEqual(parseManifest(manifest.bytes).layers, [
          { mediaType, digest: sha256(bytes), size: bytes.length },
        ]);
        assert.deepEqual(parseImageConfig(config.bytes).rootfs.diff_ids, [sha256(tar)]);
        assert.deepEqual(readFileSync(join(folder, 'blob')), Buffer.from(bytes));
      }
      writeFileSync(path, Buffer.alloc(1024, 'not a tar'));
      await assert.rejects(importRootfs(path, { copyTo: join(folder, 'blob') }), { code: 'bad_tar' });
      await assert.rejects(importRootfs(path, { copyTo: join(folder, 'never'), changes: ['RUN x'] }), {
        code: 'bad_change',
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
