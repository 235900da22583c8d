import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BerthError } from '@berth/model/error';
import { dockerEndpoint, endpointName } from './host.ts';

test('without a host and DOCKER_HOST it is the usual socket', () => {
  assert.deepEqual(dockerEndpoint(undefined, {}), { kind: 'unix', path: '/var/run/docker.sock' });
  assert.deepEqual(dockerEndpoint(undefined, { DOCKER_HOST: '' }), { kind: 'unix', path: '/var/run/docker.sock' });
  assert.deepEqual(dockerEndpoint('unix://', {}), { kind: 'unix', path: '/var/run/docker.sock' });
});

test('a host that is given goes before DOCKER_HOST', () => {
  const env = { DOCKER_HOST: 'unix:///run/a.sock' };
  assert.deepEqual(dockerEndpoint(undefined, env), { kind: 'unix', path: '/run/a.sock' });
  assert.deepEqual(dockerEndpoint('unix:///run/b.sock', env), { kind: 'unix', path: '/run/b.sock' });
});

test('tcp is encrypted when DOCKER_CERT_PATH or DOCKER_TLS_VERIFY says so, and checked by the latter', () => {
  assert.deepEqual(dockerEndpoint('tcp://host', {}), { kind: 'tcp', host: 'host', port: 2375 });
  assert.deepEqual(dockerEndpoint('http://10.0.0.1:80', { DOCKER_TLS_VERIFY: '1' }), {
    kind: 'tcp',
    host: '10.0.0.1',
    port: 80,
  });
  const tls = { folder: '/certs', verify: false };
  assert.deepEqual(dockerEndpoint('tcp://[::1]:99', { DOCKER_CERT_PATH: '/certs' }), {
    kind: 'tcp',
    host: '::1',
    port: 99,
    tls,
  });
  assert.deepEqual(dockerEndpoint('tcp://h', { DOCKER_CERT_PATH: '/certs', DOCKER_TLS_VERIFY: '1' }), {
    kind: 'tcp',
    host: 'h',
    port: 2376,
    tls: { ...tls, verify: true },
  });
  const byScheme = dockerEndpoint('https://h', { DOCKER_CERT_PATH: '/certs' });
  assert.deepEqual(byScheme, { kind: 'tcp', host: 'h', port: 2376, tls: { ...tls, verify: true } });
});

test('ssh has a user, a port and a socket', () => {
  assert.deepEqual(dockerEndpoint('ssh://me@host:2222/run/d.sock', {}), {
    kind: 'ssh',
    destination: 'me@host',
    port: '2222',
    socket: '/run/d.sock',
  });
  assert.deepEqual(dockerEndpoint('ssh://host', {}), { kind: 'ssh', destination: 'host' });
});

test('what is no host is told, and a password is not printed', () => {
  for (const text of ['host', 'npipe:////./pipe/docker_engine', 'tcp://', 'ssh://me:secret@host', 'tcp://h/path']) {
    assert.throws(
      () => dockerEndpoint(text, {}),
      (error) => error instanceof BerthError && error.code === 'bad_docker_host' && !error.message.includes('secret'),
      text,
    );
  }
});

test('no host is an option of ssh', () => {
  for (const text of ['ssh://-oProxyCommand=x/', 'ssh://-l@host']) assert.throws(() => dockerEndpoint(text, {}), text);
});

test('an endpoint is named as DOCKER_HOST has it', () => {
  for (const text of ['unix:///run/a.sock', 'tcp://host:1', 'ssh://me@host:22'])
    assert.equal(endpointName(dockerEndpoint(text, {})), text);
});
