import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Tokens } from './tokens.ts';

describe('tokens', () => {
  it('are given back once, within a minute', () => {
    let now = 0;
    const tokens = new Tokens<string>(() => now);
    const [first, second] = [tokens.give('first'), tokens.give('second')];
    assert.match(first, /^[\w-]{22}$/);
    assert.equal(tokens.take(first), 'first');
    assert.equal(tokens.take(first), undefined);
    assert.equal(tokens.take('unknown'), undefined);
    now = 60_000;
    assert.equal(tokens.take(second), undefined);
  });

  it('are a thousand at most; those that are too old count no longer', () => {
    let now = 0;
    const tokens = new Tokens<number>(() => now);
    for (let count = 0; count < 1000; count++) tokens.give(count);
    assert.throws(() => tokens.give(0), { kind: 'resource_exhausted', code: 'too_many_tokens' });
    now = 60_000;
    tokens.give(0);
  });
});
