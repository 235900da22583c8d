import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ContainerSecurity } from '@berth/model/pod-config';
import { containerSecurity } from './input-example.ts';
import { containerUser } from './user.ts';

const files = {
  passwd: 'root:x:0:0::/root:\napp:x:1000:1000::/home/app:\n',
  group: 'app:x:1000:\nextra:x:50000:app\n',
};
const user = (security: Partial<ContainerSecurity>, image = '') =>
  containerUser({ ...containerSecurity, ...security }, image, files);

describe('the user of a container', () => {
  test('merge adds the groups that the image lists the user in; strict does not', () => {
    const asked = { runAsUser: 1000, runAsGroup: 1000, supplementalGroups: [60_000] };
    assert.deepEqual(user(asked).additionalGids, [1000, 50_000, 60_000]);
    assert.deepEqual(user({ ...asked, groupsPolicy: 'strict' }).additionalGids, [1000, 60_000]);
  });

  test('the image says who it is when nobody else does', () => {
    assert.deepEqual(user({}, 'app'), { uid: 1000, gid: 1000, additionalGids: [1000, 50_000] });
    assert.deepEqual(user({ runAsUser: 0 }, 'app'), { uid: 0, gid: 0, additionalGids: [0] });
    assert.equal(user({ runAsUsername: 'app' }).uid, 1000);
  });

  test('a number needs no entry in the image, a name does', () => {
    assert.deepEqual(user({ runAsUser: 4242 }), { uid: 4242, gid: 0, additionalGids: [0] });
    assert.throws(() => user({ runAsUsername: 'nobody-here' }), { code: 'unknown_user' });
  });

  test('a group without a user is refused, as are numbers that are no ids', () => {
    assert.throws(() => user({ runAsGroup: 5 }), { kind: 'invalid_argument', message: /run_as_group/ });
    assert.throws(() => user({ runAsUser: -1 }), { kind: 'invalid_argument', message: /run_as_user/ });
    assert.throws(() => user({ supplementalGroups: [2 ** 32] }), { message: /supplemental_groups\[0\]/ });
  });
});
