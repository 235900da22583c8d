import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sha256 } from './digest.ts';
import type { Descriptor } from './manifest.ts';
import {
  chooseManifest,
  formatPlatform,
  hostPlatform,
  isAttestation,
  matchPlatform,
  normalPlatform,
  parsePlatform,
} from './platform.ts';

const manifestFor = (platform: string): Descriptor => ({
  mediaType: 'm',
  digest: sha256(platform),
  size: 1,
  platform: rawPlatform(platform),
});

function rawPlatform(text: string): { os: string; architecture: string; variant?: string } {
  const [os = '', architecture = '', variant] = text.split('/');
  return { os, architecture, ...(variant === undefined ? {} : { variant }) };
}

function matches(wanted: string, ...offered: readonly string[]): readonly string[] {
  return matchPlatform(offered.map(manifestFor), parsePlatform(wanted)).map(({ platform }) =>
    formatPlatform(platform!),
  );
}

describe('matchPlatform', () => {
  it('prefers the closest variant that the machine runs', () => {
    assert.deepEqual(
      matches('linux/arm/v7', 'linux/arm/v5', 'linux/arm/v8', 'linux/arm/v6', 'linux/arm/v7', 'linux/arm64'),
      ['linux/arm/v7', 'linux/arm/v6', 'linux/arm/v5'],
    );
    assert.deepEqual(matches('linux/arm/v6', 'linux/arm/v7', 'linux/arm/v6'), ['linux/arm/v6']);
    assert.deepEqual(matches('linux/arm', 'linux/arm/v6', 'linux/arm'), ['linux/arm', 'linux/arm/v6']);
    assert.deepEqual(matches('linux/arm64', 'linux/arm/v7', 'linux/arm64/v8', 'linux/amd64'), [
      'linux/arm64/v8',
      'linux/arm/v7',
    ]);
    assert.deepEqual(matches('linux/arm64/v9', 'linux/arm64', 'linux/arm64/v9'), ['linux/arm64/v9', 'linux/arm64']);
    assert.deepEqual(matches('linux/amd64', 'linux/386', 'linux/amd64', 'linux/amd64/v3'), [
      'linux/amd64',
      'linux/386',
    ]);
    assert.deepEqual(matches('linux/amd64/v3', 'linux/amd64', 'linux/amd64/v2', 'linux/amd64/v4'), [
      'linux/amd64/v2',
      'linux/amd64',
    ]);
    assert.deepEqual(matches('linux/s390x', 'linux/s390x', 'linux/ppc64le', 'windows/s390x'), ['linux/s390x']);
  });

  it('understands other spellings', () => {
    assert.deepEqual(matches('linux/aarch64', 'linux/arm64/v8'), ['linux/arm64/v8']);
    assert.deepEqual(matches('linux/x86_64', 'linux/amd64'), ['linux/amd64']);
    assert.equal(formatPlatform(parsePlatform('Linux/armhf')), 'linux/arm/v7');
    assert.equal(formatPlatform(normalPlatform({ os: 'linux', architecture: 'arm64', variant: '8' })), 'linux/arm64');
  });

  it('never offers attestations, and manifests without a platform last', () => {
    const plain = { mediaType: 'm', digest: sha256('plain'), size: 1 };
    const attestation = {
      ...manifestFor('linux/amd64'),
      annotations: { 'vnd.docker.reference.type': 'attestation-manifest' },
    };
    const wanted = parsePlatform('linux/amd64');
    assert.deepEqual(
      matchPlatform([manifestFor('unknown/unknown'), attestation, plain, manifestFor('linux/386')], wanted),
      [manifestFor('linux/386'), plain],
    );
    assert.ok(isAttestation(attestation));
    assert.equal(chooseManifest([attestation], wanted), undefined);
    assert.deepEqual(chooseManifest([manifestFor(formatPlatform(hostPlatform()))])?.platform?.os, 'linux');
  });

  it('refuses what is no platform', () => {
    for (const text of ['', 'linux', 'linux/', 'a/b/c/d', 'lin ux/amd64'])
      assert.throws(() => parsePlatform(text), { kind: 'invalid_argument', code: 'bad_platform' });
  });
});
