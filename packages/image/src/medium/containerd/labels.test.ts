import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sha256 } from '@berth/model/digest';
import { mediaTypes } from '@berth/model/media-type';
import { childLabels, originOf, sourceLabel } from './labels.ts';

const describe = (mediaType: string, content: string) => ({ mediaType, digest: sha256(content), size: content.length });

function labelsOf(mediaType: string, document: object) {
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, ...document }));
  return childLabels({ mediaType, digest: sha256(bytes), size: bytes.length }, bytes);
}

test('a manifest leads to its config and its layers, as containerd names them', () => {
  const config = describe(mediaTypes.ociConfig, 'c');
  const layers = ['a', 'b'].map((content) => describe(mediaTypes.ociLayerGzip, content));
  assert.deepEqual(labelsOf(mediaTypes.ociManifest, { config, layers }), {
    'containerd.io/gc.ref.content.config': config.digest,
    'containerd.io/gc.ref.content.l.0': layers[0]!.digest,
    'containerd.io/gc.ref.content.l.1': layers[1]!.digest,
  });
});

test('what is neither config nor layer is counted without a word', () => {
  const config = describe(mediaTypes.ociEmpty, '{}');
  const layers = [describe('text/plain', 'a')];
  assert.deepEqual(labelsOf(mediaTypes.ociManifest, { config, layers }), {
    'containerd.io/gc.ref.content.0': config.digest,
    'containerd.io/gc.ref.content.1': layers[0]!.digest,
  });
});

test('an index leads to its manifests, also to those that are not there', () => {
  const manifests = ['a', 'b'].map((content) => describe(mediaTypes.dockerManifest, content));
  assert.deepEqual(labelsOf(mediaTypes.dockerList, { manifests }), {
    'containerd.io/gc.ref.content.m.0': manifests[0]!.digest,
    'containerd.io/gc.ref.content.m.1': manifests[1]!.digest,
  });
  assert.deepEqual(labelsOf(mediaTypes.ociConfig, { manifests }), {});
});

test('a blob that came from several repositories of a registry names them all, each once', () => {
  const first = sourceLabel({ domain: 'localhost:5000', path: 'a/b' });
  assert.deepEqual(first, { 'containerd.io/distribution.source.localhost:5000': 'a/b' });
  assert.deepEqual(sourceLabel({ domain: 'localhost:5000', path: 'a/b' }, first), {});
  const both = sourceLabel({ domain: 'localhost:5000', path: 'c' }, first);
  assert.deepEqual(both, { 'containerd.io/distribution.source.localhost:5000': 'a/b,c' });
  assert.deepEqual(originOf(both), { domain: 'localhost:5000', path: 'a/b' });
  assert.equal(originOf({ 'containerd.io/uncompressed': 'x' }), undefined);
});
