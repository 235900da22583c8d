import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, test } from 'node:test';
import type { ContainerSecurity } from '@berth/model/pod-config';
import { apparmorProfile } from './apparmor.ts';
import { capabilitySets, chooseCapabilities } from './capabilities.ts';
import { containerSecurity } from './input-example.ts';
import { seccompOf } from './seccomp.ts';
import { selinuxLabels } from './selinux.ts';

const available = ['CAP_CHOWN', 'CAP_NET_RAW', 'CAP_SYS_ADMIN', 'bit 63'];
const choose = (security: Partial<ContainerSecurity>) =>
  chooseCapabilities({ ...containerSecurity, ...security }, () => available);

describe('capabilities of a container', () => {
  test('ALL comes first, then what is added, then what is dropped', () => {
    assert.deepEqual(choose({ dropCapabilities: ['ALL'], addCapabilities: ['NET_RAW'] }), ['CAP_NET_RAW']);
    assert.deepEqual(choose({ addCapabilities: ['ALL'], dropCapabilities: ['ALL'] }), []);
    assert.ok(!choose({ addCapabilities: ['CHOWN'], dropCapabilities: ['cap_chown'] }).includes('CAP_CHOWN'));
    const most = choose({ addCapabilities: ['ALL'], dropCapabilities: ['NET_RAW'] });
    assert.ok(most.includes('CAP_SYS_ADMIN') && !most.includes('CAP_NET_RAW'));
    assert.ok(choose({}).includes('CAP_CHOWN'));
    assert.deepEqual(choose({ privileged: true }), available.slice(0, 3));
  });

  test('an unknown name is told by its place', () => {
    assert.throws(() => choose({ addCapabilities: ['CHOWN', 'FLY'] }), { message: /add_capabilities\[1\].*FLY/ });
  });

  test('who is not root keeps the ambient ones', () => {
    const security = { ...containerSecurity, addAmbientCapabilities: ['NET_BIND_SERVICE'] };
    const sets = capabilitySets(chooseCapabilities(security), security, 1000);
    assert.deepEqual(sets.ambient, ['CAP_NET_BIND_SERVICE']);
    assert.deepEqual(sets.effective, sets.ambient);
    assert.equal(capabilitySets(['CAP_CHOWN'], containerSecurity, 1000).effective, undefined);
  });
});

describe('seccomp of a container', () => {
  const own = (security: Partial<ContainerSecurity>, unset: 'unconfined' | 'runtime-default' = 'unconfined') =>
    seccompOf({ ...containerSecurity, ...security }, unset, []);

  test('who asks for nothing gets what the configuration says', () => {
    assert.equal(own({}), undefined);
    assert.equal(own({}, 'runtime-default')?.defaultAction, 'SCMP_ACT_ERRNO');
    assert.equal(own({ seccomp: { type: 'unconfined', ref: '' } }, 'runtime-default'), undefined);
  });

  test('a local profile is read from its absolute path', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'berth-seccomp-'));
    const file = path.join(folder, 'profile.json');
    try {
      writeFileSync(file, '{"defaultAction":"SCMP_ACT_LOG"}');
      assert.equal(own({ seccomp: { type: 'localhost', ref: file } })?.defaultAction, 'SCMP_ACT_LOG');
    } finally {
      rmSync(folder, { recursive: true });
    }
    assert.throws(() => own({ seccomp: { type: 'localhost', ref: file } }), { code: 'no_seccomp_profile' });
    assert.throws(() => own({ seccomp: { type: 'localhost', ref: 'a' } }), { message: /localhost_ref/ });
    assert.throws(() => own({ seccomp: { type: 'unconfined', ref: '/a' } }), { message: /localhost_ref/ });
  });
});

describe('AppArmor of a container', () => {
  const own = (security: Partial<ContainerSecurity>, apparmor: boolean, loaded: readonly string[] = []) =>
    apparmorProfile({ ...containerSecurity, ...security }, { apparmor, loaded: () => loaded });

  test('without AppArmor only those who ask for it are refused', () => {
    assert.equal(own({}, false), undefined);
    assert.equal(own({ apparmor: { type: 'unconfined', ref: '' } }, false), undefined);
    assert.throws(() => own({ apparmor: { type: 'runtime-default', ref: '' } }, false), { code: 'no_apparmor' });
  });

  test('a profile must be loaded; the default one is taken where it is', () => {
    const local = { type: 'localhost', ref: 'localhost/mine' } as const;
    assert.equal(own({ apparmor: local }, true, ['mine']), 'mine');
    assert.throws(() => own({ apparmor: local }, true, ['other']), { code: 'no_apparmor_profile' });
    assert.equal(own({}, true, ['docker-default']), 'docker-default');
    assert.equal(own({ privileged: true }, true, ['docker-default']), undefined);
    assert.equal(own({ privileged: true, apparmor: local }, true, ['mine']), 'mine');
  });
});

describe('SELinux labels', () => {
  test('all of a pod have one level, found again from its id', () => {
    const first = selinuxLabels(containerSecurity, { id: 'p1' }, true);
    assert.deepEqual(first, selinuxLabels(containerSecurity, { id: 'p1' }, true));
    assert.match(first?.process ?? '', /^system_u:system_r:container_t:s0:c\d+,c\d+$/);
    assert.notDeepEqual(first, selinuxLabels(containerSecurity, { id: 'p2' }, true));
  });

  test('no labels where SELinux is off, nor for the privileged; asked ones are taken', () => {
    const selinux = { user: '', role: '', type: 'spc_t', level: 's0:c1,c2' };
    assert.equal(selinuxLabels({ privileged: false, selinux }, { id: 'p' }, false), undefined);
    assert.equal(selinuxLabels({ privileged: true, selinux }, { id: 'p' }, true), undefined);
    const labels = selinuxLabels({ privileged: false, selinux }, { id: 'p' }, true);
    assert.equal(labels?.process, 'system_u:system_r:spc_t:s0:c1,c2');
    assert.equal(labels?.mount, 'system_u:object_r:container_file_t:s0:c1,c2');
  });
});
