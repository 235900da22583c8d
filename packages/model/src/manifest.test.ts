import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { sha256 } from './digest.ts';
import { BerthError } from './error.ts';
import { parseImageConfig } from './image-config.ts';
import { maxManifestSize, parseDescriptor, parseIndex, parseManifest } from './manifest.ts';
import { mediaTypes } from './media-type.ts';

const bytes = (value: unknown): Buffer => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
const blob = { mediaType: mediaTypes.ociLayer, digest: sha256(''), size: 0 };
const manifest = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config: blob, layers: [blob] };

/** Fails as invalid_argument, and the message names the place. */
function refused(parse: () => unknown, place: string, code = 'bad_json'): void {
  assert.throws(parse, (error: unknown) => {
    assert.ok(error instanceof BerthError, String(error));
    assert.deepEqual([error.kind, error.code], ['invalid_argument', code]);
    assert.ok(error.message.includes(place), `'${error.message}' names ${place}`);
    return true;
  });
}

describe('parseManifest', () => {
  it('keeps what the document has', () => {
    const full = { ...manifest, annotations: { a: 'b' }, subject: { ...blob, annotations: {} }, unknown: [1] };
    assert.deepEqual(parseManifest(bytes(full)), full);
    assert.deepEqual(parseManifest(bytes({ ...manifest, layers: null, annotations: null })), {
      ...manifest,
      layers: [],
    });
  });

  it('names the member that is wrong', () => {
    refused(() => parseManifest(bytes('nothing')), 'manifest');
    refused(() => parseManifest(bytes([])), 'manifest');
    refused(() => parseManifest(Buffer.from([0x7b, 0xff, 0x7d])), 'manifest');
    refused(() => parseManifest(bytes({ ...manifest, schemaVersion: 1 })), 'manifest.schemaVersion', 'unknown_schema');
    refused(
      () => parseManifest(bytes({ ...manifest, schemaVersion: '2' })),
      'manifest.schemaVersion',
      'unknown_schema',
    );
    refused(() => parseManifest(bytes({ ...manifest, schemaVersion: undefined })), 'manifest.schemaVersion');
    refused(() => parseManifest(bytes({ ...manifest, config: undefined })), 'manifest.config');
    refused(() => parseManifest(bytes({ ...manifest, layers: {} })), 'manifest.layers');
    refused(
      () => parseManifest(bytes({ ...manifest, layers: [blob, { ...blob, size: -1 }] })),
      'manifest.layers[1].size',
    );
    refused(() => parseManifest(bytes({ ...manifest, layers: [{ ...blob, size: 1.5 }] })), 'manifest.layers[0].size');
    refused(() => parseManifest(bytes({ ...manifest, layers: [{ ...blob, size: 1e300 }] })), 'manifest.layers[0].size');
    refused(
      () => parseManifest(bytes({ ...manifest, config: { ...blob, digest: 'sha256:../../etc' } })),
      'manifest.config.digest',
    );
    refused(() => parseManifest(bytes({ ...manifest, annotations: { a: 1 } })), 'manifest.annotations.a');
    refused(() => parseManifest(bytes({ ...manifest, layers: [{ ...blob, urls: 'x' }] })), 'manifest.layers[0].urls');
    refused(() => parseManifest(bytes({ ...manifest, subject: 5 })), 'manifest.subject');
  });

  it('refuses a document that is an index too', () => {
    refused(() => parseManifest(bytes({ ...manifest, manifests: [] })), 'manifest.manifests');
    refused(() => parseIndex(bytes({ schemaVersion: 2, manifests: [], layers: [] })), 'index.layers');
  });

  it('refuses documents that are too large or too deep', () => {
    refused(() => parseManifest(Buffer.alloc(maxManifestSize + 1, ' ')), 'limit');
    refused(() => parseManifest(bytes(`{"a":${'['.repeat(5000)}${']'.repeat(5000)}}`)), 'levels');
  });

  it('throws nothing but its own error', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        for (const parse of [parseManifest, parseIndex, parseDescriptor, parseImageConfig]) {
          try {
            parse(bytes(text));
          } catch (error) {
            assert.ok(error instanceof BerthError && error.kind === 'invalid_argument');
          }
        }
      }),
    );
  });
});

describe('parseIndex', () => {
  it('checks platforms and descriptors', () => {
    const index = {
      schemaVersion: 2,
      manifests: [{ ...blob, platform: { os: 'linux', architecture: 'amd64', 'os.features': ['x'] } }],
    };
    assert.deepEqual(parseIndex(bytes(index)), index);
    refused(
      () => parseIndex(bytes({ schemaVersion: 2, manifests: [{ ...blob, platform: { os: 'linux' } }] })),
      'index.manifests[0].platform.architecture',
    );
    refused(() => parseIndex(bytes({ schemaVersion: 2, manifests: [null] })), 'index.manifests[0]');
    refused(() => parseDescriptor(bytes({ digest: blob.digest, size: 1 })), 'descriptor.mediaType');
  });
});

describe('parseImageConfig', () => {
  const config = {
    architecture: 'amd64',
    os: 'linux',
    config: { Env: ['A=1'], Healthcheck: { Test: ['x'] } },
    rootfs: { type: 'layers', diff_ids: [blob.digest] },
    history: [{ empty_layer: true }],
  };

  it('keeps what it does not know, and takes nulls as absent', () => {
    assert.deepEqual(parseImageConfig(bytes(config)), config);
    const sparse = parseImageConfig(
      bytes({
        ...config,
        config: { Cmd: null, Volumes: null },
        history: null,
        rootfs: { type: 'layers', diff_ids: null },
      }),
    );
    assert.deepEqual(sparse, {
      architecture: 'amd64',
      os: 'linux',
      config: {},
      rootfs: { type: 'layers', diff_ids: [] },
    });
  });

  it('names the member that is wrong', () => {
    refused(() => parseImageConfig(bytes({ ...config, os: 5 })), 'config.os');
    refused(() => parseImageConfig(bytes({ ...config, rootfs: undefined })), 'config.rootfs');
    refused(() => parseImageConfig(bytes({ ...config, rootfs: { type: 'x' } })), 'config.rootfs.type');
    refused(
      () => parseImageConfig(bytes({ ...config, rootfs: { type: 'layers', diff_ids: ['x'] } })),
      'config.rootfs.diff_ids[0]',
    );
    refused(() => parseImageConfig(bytes({ ...config, config: { Cmd: 'x' } })), 'config.config.Cmd');
    refused(() => parseImageConfig(bytes({ ...config, config: { Labels: { a: {} } } })), 'config.config.Labels.a');
    refused(
      () => parseImageConfig(bytes({ ...config, history: [{ empty_layer: 'no' }] })),
      'config.history[0].empty_layer',
    );
  });
});
