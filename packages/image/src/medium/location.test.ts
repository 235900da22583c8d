import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isKind } from '@berth/model/error';
import { formatLocation, parseLocation } from './location.ts';

describe('a location', () => {
  for (const [text, shown = text] of [
    ['busybox', 'registry://docker.io/library/busybox:latest'],
    ['docker:dind', 'registry://docker.io/library/docker:dind'],
    ['registry:2', 'registry://docker.io/library/registry:2'],
    ['localhost:5000/a/b:1', 'registry://localhost:5000/a/b:1'],
    ['registry://ghcr.io/a/b:1'],
    [`localhost:5000/a@sha256:${'0'.repeat(64)}`, `registry://localhost:5000/a@sha256:${'0'.repeat(64)}`],
    ['dir:a:b@c/d'],
    ['oci:/tmp/x'],
    ['oci:./x:latest'],
    ['oci-archive:/tmp/a.tar:docker.io/library/x:1'],
    ['docker-archive:a.tar'],
    ['dir:/tmp/d'],
    ['docker://busybox:1'],
    ['docker-daemon:busybox:1', 'docker://busybox:1'],
    ['containerd://k8s.io/docker.io/library/app:1'],
    ['berth://default/app'],
    ['ssh://me@host:22/a/app:1?namespace=k8s.io', 'ssh://me@host:22/a/app:1'],
  ] as const) {
    it(`reads ${text}`, () => assert.equal(formatLocation(parseLocation(text)), shown));
  }

  for (const text of [
    'foo://x',
    'dir:',
    'oci:',
    'docker://',
    'containerd://app',
    'containerd:///app',
    'ssh://-oX/a',
    'ssh://h',
  ]) {
    it(`refuses ${text}`, () => {
      assert.throws(
        () => parseLocation(text),
        (error) => isKind(error, 'invalid_argument') && error.code === 'bad_location',
      );
    });
  }

  for (const start of ['', 'registry://', 'ssh://', 'https://', 'docker://']) {
    it(`with a password is refused and not repeated: ${start}`, () => {
      assert.throws(
        () => parseLocation(`${start}me:hush@example.com:5000/app:1`),
        (error: Error & { hint?: string }) =>
          isKind(error, 'invalid_argument') && !`${error.stack} ${error.hint}`.includes('hush'),
      );
    });
  }
});
