import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { BerthError } from './error.ts';
import { familiarName, isReference, parseReference, repositoryOf } from './reference.ts';

const sha = `sha256:${'a'.repeat(64)}`;
const bad = { name: 'BerthError', kind: 'invalid_argument', code: 'bad_reference' };

describe('parseReference', () => {
  it('refuses a password, and does not repeat it', () => {
    assert.throws(
      () => parseReference('me:secret@host/app'),
      (error) => error instanceof BerthError && error.code === 'bad_reference' && !error.message.includes('secret'),
    );
  });

  it('completes names as docker does', () => {
    const full: Readonly<Record<string, string>> = {
      alpine: 'docker.io/library/alpine:latest',
      'alpine:3.20': 'docker.io/library/alpine:3.20',
      'user/app': 'docker.io/user/app:latest',
      'index.docker.io/alpine': 'docker.io/library/alpine:latest',
      'docker.io/alpine': 'docker.io/library/alpine:latest',
      'localhost/app': 'localhost/app:latest',
      'localhost:5000/app:1': 'localhost:5000/app:1',
      'ghcr.io/a/b/c': 'ghcr.io/a/b/c:latest',
      'Upper/app': 'Upper/app:latest',
      '[fe80::1]:5000/x': '[fe80::1]:5000/x:latest',
      [`alpine@${sha}`]: `docker.io/library/alpine@${sha}`,
      [`alpine:3@${sha}`]: `docker.io/library/alpine:3@${sha}`,
      'a__b/c--d.e_f': 'docker.io/a__b/c--d.e_f:latest',
    };
    for (const [text, name] of Object.entries(full)) assert.equal(parseReference(text).name, name);
    const { domain, path, tag, digest } = parseReference(`host:1/a/b:t@${sha}`);
    assert.deepEqual({ domain, path, tag, digest }, { domain: 'host:1', path: 'a/b', tag: 't', digest: sha });
    assert.equal(repositoryOf(parseReference('x')), 'docker.io/library/x');
  });

  it('refuses what is none', () => {
    const wrong = [
      '',
      ':',
      '@',
      '/',
      'A',
      'a/B',
      'a//b',
      '/a',
      'a/',
      '-a',
      'a-',
      'a..b',
      'a___b',
      'a:',
      'a:-x',
      `a:${'t'.repeat(129)}`,
      'a b',
      'a\n',
      'http://a/b',
      `a@sha256:${'a'.repeat(63)}`,
      'a@md5:0',
      `a@${sha}@${sha}`,
      'a'.repeat(256),
      'x'.repeat(64).replace(/x/g, '0'),
      '-bad.host/x',
      'host:port/x',
      `${'a.'.repeat(1000)}b/c`,
      'ä/b',
    ];
    for (const text of wrong) assert.throws(() => parseReference(text), bad, JSON.stringify(text));
  });

  it('never throws anything but its own error, and is stable', () => {
    const piece = fc.constantFrom(
      'a',
      'B',
      '0',
      ':',
      '/',
      '@',
      '.',
      '-',
      '_',
      'localhost',
      'docker.io',
      'library',
      ':5000',
      sha,
      ' ',
      'é',
      '\0',
      '[::1]',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(piece, { maxLength: 10 }).map((pieces) => pieces.join('')),
        ),
        (text) => {
          try {
            const reference = parseReference(text);
            assert.deepEqual(parseReference(reference.name), reference);
            assert.equal(parseReference(familiarName(reference.name)).name, reference.name);
          } catch (error) {
            assert.ok(error instanceof BerthError && error.code === 'bad_reference', String(error));
            assert.equal(isReference(text), false);
          }
        },
      ),
      { numRuns: 2000 },
    );
  });
});

describe('familiarName', () => {
  it('is the shortest name of the same image', () => {
    assert.equal(familiarName('docker.io/library/alpine:3'), 'alpine:3');
    assert.equal(familiarName('docker.io/user/app:1'), 'user/app:1');
    assert.equal(familiarName(`docker.io/library/alpine@${sha}`), `alpine@${sha}`);
    for (const name of [
      'docker.io/localhost/x:1',
      'ghcr.io/a/b:1',
      'docker.io/a.b/c:1',
      sha,
      '',
      'no reference at all',
    ])
      assert.equal(familiarName(name), name);
  });
});
