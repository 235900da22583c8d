import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { isKind } from '@berth/model/error';
import type { HostImage } from '#service/image/contract';
import { AuthConfigSchema } from '@berth/wire/gen/cri/v1/api_pb';
import { registryCredentials } from './credentials.ts';
import { imageItem, imageUser } from './image.ts';

const auth = (fields: object) => create(AuthConfigSchema, fields);
const own = { username: 'u', password: 'p' };

test('credentials are read from whichever field has them', () => {
  for (const [fields, expected] of [
    [own, own],
    [{ auth: Buffer.from('u:p:q').toString('base64') }, { username: 'u', password: 'p:q' }],
    [{ auth: Buffer.from('u:p\0\0').toString('base64') }, own],
    [{ identityToken: 't' }, { identityToken: 't' }],
    [
      { identityToken: 't', username: 'u' },
      { identityToken: 't', username: 'u' },
    ],
    [{ registryToken: 't' }, { registryToken: 't' }],
    [{}, undefined],
  ] as const) {
    assert.deepEqual(registryCredentials(auth(fields), 'r.example'), expected, JSON.stringify(fields));
  }
  assert.equal(registryCredentials(undefined, 'r.example'), undefined);
  assert.throws(
    () => registryCredentials(auth({ auth: 'bm9uZQ==' }), 'r.example'),
    (error) => isKind(error, 'invalid_argument'),
  );
});

test('credentials for another registry are not used', () => {
  for (const [serverAddress, host, used] of [
    ['r.example', 'r.example', true],
    ['https://r.example/v1/', 'r.example', true],
    ['http://r.example:5000', 'r.example:5000', true],
    ['https://index.docker.io/v1/', 'docker.io', true],
    ['r.example:5000', 'r.example', false],
    ['r.example.evil', 'r.example', false],
    ['https://index.docker.io/v1/', 'r.example', false],
  ] as const) {
    const found = registryCredentials(auth({ ...own, serverAddress }), host);
    assert.deepEqual(found, used ? own : undefined, `${serverAddress} for ${host}`);
  }
});

test('a user is a number or a name', () => {
  assert.deepEqual(imageUser('12:34'), { uid: { value: 12n } });
  assert.deepEqual(imageUser('app:34'), { username: 'app' });
  assert.deepEqual(imageUser(''), {});
});

test('the pause image is pinned under every name of it, and so is what has the label', () => {
  const image: HostImage = {
    id: `sha256:${'0'.repeat(64)}`,
    tags: ['r.example/pause:3'],
    repoDigests: [`r.example/pause@sha256:${'1'.repeat(64)}`],
    size: 1,
    user: '',
    labels: {},
    chainId: '',
    config: () => Promise.reject(new Error('not asked for')),
  };
  const pinned = (pauseImage: string, more: Partial<HostImage> = {}) =>
    imageItem({ ...image, ...more }, { pauseImage }).pinned;
  assert.ok(pinned('r.example/pause:3'));
  assert.ok(pinned(image.repoDigests[0]!));
  assert.ok(!pinned('r.example/pause:4'));
  assert.ok(!pinned(''));
  assert.ok(pinned('', { labels: { 'io.cri-containerd.pinned': 'pinned' } }));
});
