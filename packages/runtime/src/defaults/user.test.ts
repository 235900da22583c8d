import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { parseGroup, parsePasswd, resolveUser } from './user.ts';

const passwd = `root:x:0:0:root:/root:/bin/sh
app:x:1000:1001:App:/srv/app:/bin/sh
# a comment
broken
1234:x:77:78::/odd:
`;
const group = `root:x:0:
app:x:1001:
audio:x:29:app,other
video:x:44:app
solo:x:50:other
`;
const files = { passwd, group };

describe('a user string', () => {
  const cases: readonly (readonly [string, number, number, readonly number[], string])[] = [
    ['', 0, 0, [], '/root'],
    ['root', 0, 0, [], '/root'],
    ['app', 1000, 1001, [29, 44], '/srv/app'],
    ['1000', 1000, 1001, [29, 44], '/srv/app'],
    ['app:audio', 1000, 29, [], '/srv/app'],
    ['app:44', 1000, 44, [], '/srv/app'],
    ['1000:5555', 1000, 5555, [], '/srv/app'],
    ['4242', 4242, 0, [], '/'],
    ['4242:29', 4242, 29, [], '/'],
    ['1234', 77, 78, [], '/odd'],
    [':audio', 0, 29, [], '/root'],
    ['app:', 1000, 1001, [29, 44], '/srv/app'],
  ];
  for (const [text, uid, gid, additionalGids, home] of cases) {
    test(`'${text}' is ${uid}:${gid}`, () => {
      assert.deepEqual(resolveUser(text, files), { uid, gid, additionalGids, home });
    });
  }

  test('names that the image does not have are unknown', () => {
    assert.throws(() => resolveUser('nobody', files), { kind: 'invalid_argument', code: 'unknown_user' });
    assert.throws(() => resolveUser('app:none', files), { kind: 'invalid_argument', code: 'unknown_group' });
    assert.throws(() => resolveUser('app', { passwd: '', group: '' }), { code: 'unknown_user' });
    assert.throws(() => resolveUser('4294967295', files), { code: 'unknown_user' });
  });

  test('further groups come by name or number', () => {
    assert.deepEqual(resolveUser('app', files, ['solo', '9']).additionalGids, [9, 29, 44, 50]);
  });

  test('any text of a file is parsed or passed over, never an error', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        for (const { uid, gid } of parsePasswd(text)) assert.ok(uid >= 0 && gid < 2 ** 32 - 1);
        parseGroup(text);
      }),
    );
  });
});
