import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sha256 } from '@berth/model/digest';
import { chainId, chainIds } from './chain-id.ts';

describe('chainId', () => {
  const [a, b, c] = [sha256('a'), sha256('b'), sha256('c')];

  it("is the layer's own id for a single layer", () => {
    assert.equal(chainId([a]), a);
  });

  it('folds the layers from the bottom', () => {
    const two = sha256(`${a} ${b}`);
    assert.equal(chainId([a, b]), two);
    assert.equal(chainId([a, b, c]), sha256(`${two} ${c}`));
    assert.deepEqual(chainIds([a, b, c]), [a, two, sha256(`${two} ${c}`)]);
    assert.deepEqual(chainIds([]), []);
  });

  it('does not exist without layers', () => {
    assert.throws(() => chainId([]), RangeError);
  });
});
