import assert from 'node:assert/strict';
import { isIP } from 'node:net';
import { describe, test } from 'node:test';
import { addressFamily, addressNumber, addressText, parseRange, parseRanges } from './address-range.ts';
import { BerthError } from './error.ts';

describe('address ranges', () => {
  test('a range begins at its first address, whichever was given', () => {
    assert.equal(parseRange('10.88.3.4/16').text, '10.88.0.0/16');
    assert.equal(parseRange('fd00:1:2:3::7/64').text, 'fd00:1:2:3::/64');
    assert.equal(parseRange('0.0.0.0/0').text, '0.0.0.0/0');
  });

  test('two families with a comma between are two ranges', () => {
    const families = parseRanges('10.1.0.0/24, fd00::/64').map(({ family }) => family);
    assert.deepEqual(families, [4, 6]);
  });

  for (const bad of [
    '',
    '10.0.0.0',
    '10.0.0.0/33',
    '10.0.0/8',
    '10.0.0.0/8/8',
    'x/8',
    '::/129',
    '1.2.3.4/-1',
    'fe80::1%eth0/64',
  ]) {
    test(`'${bad}' is refused`, () => {
      assert.throws(
        () => parseRange(bad),
        (error) => error instanceof BerthError && error.code === 'bad_pod_range',
      );
    });
  }

  test('two ranges of one family are refused', () => {
    assert.throws(() => parseRanges('10.0.0.0/24,10.1.0.0/24'), { code: 'bad_pod_range' });
  });

  test('addresses are told from other text as node:net does', () => {
    const texts = [
      '1.2.3.4',
      '01.2.3.4',
      '256.1.1.1',
      '1.2.3',
      '1.2.3.4.',
      '::',
      '::1',
      '1::2::3',
      'fd00:0:0:1::',
      '::ffff:1.2.3.4',
      'g::',
      '1:2:3:4:5:6:7:8',
      '1:2:3:4:5:6:7:8:9',
      ':',
      '12345::',
    ];
    for (const text of texts) assert.equal(addressFamily(text) ?? 0, isIP(text), text);
  });

  test('numbers become text as inet_ntop writes it, and back', () => {
    const texts = [
      '::',
      '::1',
      'fd00::',
      '1:0:0:2::3',
      '2001:db8::1:0:0:1',
      '1:2:3:4:5:6:7:8',
      '10:0:100::',
      '0:1:2:3:4:5:6:7',
    ];
    for (const text of texts) assert.equal(addressText(addressNumber(text), 6), text);
    assert.equal(addressText(addressNumber('::ffff:1.2.3.4'), 6), '::ffff:102:304');
    assert.equal(addressText(addressNumber('10.1.2.255') + 1n, 4), '10.1.3.0');
  });
});
