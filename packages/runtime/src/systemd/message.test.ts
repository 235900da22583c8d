import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { socketOfAddress } from './address.ts';
import { marshal } from './marshal.ts';
import { decodeMessage, encodeMessage } from './message.ts';
import type { Message } from './message.ts';
import { unmarshal } from './unmarshal.ts';
import { variant } from './value.ts';

const hello: Message = {
  type: 'call',
  serial: 1,
  path: '/org/freedesktop/DBus',
  interface: 'org.freedesktop.DBus',
  member: 'Hello',
  destination: 'org.freedesktop.DBus',
  body: [],
};

// The first message of libdbus 1.14, recorded with strace.
const recorded =
  '6c01000100000000010000006e00000001016f00150000002f6f72672f667265656465736b746f702f44427573000000' +
  '06017300140000006f72672e667265656465736b746f702e444275730000000002017300140000006f72672e66726565' +
  '6465736b746f702e4442757300000000030173000500000048656c6c6f000000';

describe('D-Bus messages', () => {
  test('Hello as libdbus says it', () => {
    const ours = Buffer.from(encodeMessage(hello));
    // In another order of fields.
    const found = decodeMessage(Buffer.from(recorded, 'hex'));
    assert.deepEqual(found?.message, { ...hello, type: 'call' });
    assert.equal(ours.length, recorded.length / 2);
  });

  test('come back as they went, whole or in pieces', () => {
    const signature = 'sa(sv)ayt(xb)a{sv}dqng';
    const properties = [
      ['A', variant('t', 5n)],
      ['B', variant('as', ['x', '', 'long'.repeat(200)])],
    ] as const;
    const body = ['ü', properties, [1, 2], 2n ** 64n - 1n, [-5n, true], [['k', variant('u', 7)]], 0.5, 9, -9, 'a{sv}'];
    const bytes = encodeMessage({ ...hello, signature, body });
    for (let size = 0; size < bytes.length; size++) assert.equal(decodeMessage(bytes.subarray(0, size)), undefined);
    const found = decodeMessage(Buffer.concat([bytes, bytes]));
    assert.equal(found?.size, bytes.length);
    assert.deepEqual(found?.message.body, body);
  });

  test('values that are not of their type are not sent', () => {
    for (const [signature, value] of [
      ['s', 5],
      ['u', 'x'],
      ['b', 1],
      ['as', 'x'],
      ['(ss)', ['x']],
      ['v', 'x'],
      ['s', 'a\0b'],
    ] as const) {
      assert.throws(() => marshal(signature, [value]), TypeError, signature);
    }
    assert.throws(() => marshal('u', [-1]), RangeError);
    for (const bad of ['z', '(', '()', 'a', 'a{s}', '(s']) assert.throws(() => marshal(bad, ['x']), RangeError, bad);
  });

  test('garbage is refused, never read beyond its end', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 64 }),
        fc.constantFrom('s', 'a(sv)', 'v', 'ayt', 'aas'),
        (bytes, signature) => {
          try {
            unmarshal(signature, bytes, true);
          } catch (error) {
            assert.ok(error instanceof RangeError, String(error));
          }
        },
      ),
    );
    assert.throws(() => decodeMessage(Buffer.alloc(16)), RangeError);
  });

  test('addresses of sockets', () => {
    assert.equal(socketOfAddress('unix:path=/run/user/0/bus'), '/run/user/0/bus');
    assert.equal(socketOfAddress('tcp:host=x;unix:abstract=/tmp/a%20b,guid=12'), '\0/tmp/a b');
    assert.equal(socketOfAddress(''), undefined);
  });
});
