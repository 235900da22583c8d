import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseChallenges } from './challenge.ts';
import { mergeScopes } from './scope.ts';

describe('parseChallenges', () => {
  it('keeps commas and escaped quotes within quotes', () => {
    const header = 'Bearer realm="https://a/token",service="a \\"b\\", c",scope="repository:x:pull,push"';
    assert.deepEqual(parseChallenges(header), [
      {
        scheme: 'bearer',
        parameters: { realm: 'https://a/token', service: 'a "b", c', scope: 'repository:x:pull,push' },
      },
    ]);
  });

  it('tells several challenges apart, with or without parameters', () => {
    const found = parseChallenges('Negotiate, Basic realm="x", charset=UTF-8, BEARER realm=y');
    assert.deepEqual(
      found.map(({ scheme, parameters }) => [scheme, parameters['realm']]),
      [
        ['negotiate', undefined],
        ['basic', 'x'],
        ['bearer', 'y'],
      ],
    );
  });

  it('ends with whatever it is given', () => {
    for (const text of ['', ',', '=', 'Bearer realm="', '"'.repeat(9000), 'a '.repeat(9000), 'Basic realm=a b c=d'])
      assert.ok(Array.isArray(parseChallenges(text)));
  });
});

describe('mergeScopes', () => {
  it('reads the same for the same wishes', () => {
    assert.deepEqual(mergeScopes(['repository:b:push', 'repository:a:pull', 'repository:b:pull,push', '']), [
      'repository:a:pull',
      'repository:b:pull,push',
    ]);
  });
});
