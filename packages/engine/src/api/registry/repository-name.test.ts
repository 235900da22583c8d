import assert from 'node:assert/strict';
import { test } from 'node:test';
import { foreignName, repositoryName } from './repository-name.ts';

test('a path is a name as docker writes it', () => {
  for (const [path, ns, repository] of [
    ['app', undefined, 'docker.io/library/app'],
    ['library/app', '', 'docker.io/library/app'],
    ['a/b/c', undefined, 'docker.io/a/b/c'],
    ['ghcr.io/a/b', undefined, 'ghcr.io/a/b'],
    ['localhost:5000/app', undefined, 'localhost:5000/app'],
    ['library/app', 'docker.io', 'docker.io/library/app'],
    ['a/b', 'ghcr.io', 'ghcr.io/a/b'],
  ] as const) {
    assert.equal(repositoryName(path, ns), repository);
  }
  for (const path of ['', '/', 'a/', '/a', 'a//b', 'a/B', 'a:b', 'a@b', 'a/..', '../a', 'a b', 'a/b:1', 'a\n']) {
    assert.throws(() => repositoryName(path), { kind: 'invalid_argument', code: 'bad_reference' }, path);
  }
  assert.throws(() => repositoryName('a', 'x y'), { code: 'bad_reference' });
});

test('strangers are told names that they can write after a host', () => {
  assert.equal(foreignName('docker.io/library/app'), 'library/app');
  assert.equal(foreignName('ghcr.io/a/b'), 'ghcr.io/a/b');
  assert.equal(foreignName('localhost:5000/app'), undefined);
  assert.equal(foreignName('[::1]/app'), undefined);
});
