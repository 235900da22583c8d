import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import * as wire from '@berth/wire/gen/cri/v1/api_pb';
import { apparmorProfile, seccompProfile } from './security-profile.ts';

type Init = MessageInitShape<typeof wire.LinuxContainerSecurityContextSchema>;

const context = (init: Init) => create(wire.LinuxContainerSecurityContextSchema, init);
const seccomp = (init: Init) => seccompProfile(context(init), 'at').seccomp;
const apparmor = (init: Init) => apparmorProfile(context(init), 'at').apparmor;
const { RuntimeDefault, Unconfined, Localhost } = wire.SecurityProfile_ProfileType;

describe('seccomp and AppArmor profiles', () => {
  it('nothing asked for is something of its own', () => {
    assert.equal(seccomp({}), undefined);
    assert.equal(apparmor({}), undefined);
  });

  it('the message and the string before it say the same', () => {
    assert.deepEqual(seccomp({ seccomp: { profileType: RuntimeDefault } }), { type: 'runtime-default', ref: '' });
    assert.deepEqual(seccomp({ seccompProfilePath: 'runtime/default' }), { type: 'runtime-default', ref: '' });
    assert.deepEqual(seccomp({ seccompProfilePath: 'docker/default' }), { type: 'runtime-default', ref: '' });
    assert.deepEqual(seccomp({ seccompProfilePath: 'unconfined' }), { type: 'unconfined', ref: '' });
    assert.deepEqual(seccomp({ seccompProfilePath: 'localhost//var/p.json' }), {
      type: 'localhost',
      ref: '/var/p.json',
    });
    assert.deepEqual(apparmor({ apparmorProfile: 'localhost/mine' }), { type: 'localhost', ref: 'mine' });
    const both: Init = { apparmor: { profileType: Unconfined }, apparmorProfile: 'runtime/default' };
    assert.deepEqual(apparmor(both), { type: 'unconfined', ref: '' });
  });

  it('a profile of the host may be named with or without its prefix', () => {
    for (const localhostRef of ['/p.json', 'localhost//p.json'])
      assert.deepEqual(seccomp({ seccomp: { profileType: Localhost, localhostRef } }), {
        type: 'localhost',
        ref: '/p.json',
      });
  });

  it('what makes no sense is refused with the field', () => {
    const refused = (act: () => unknown, field: string) =>
      assert.throws(act, { kind: 'invalid_argument', code: 'bad_field', message: new RegExp(`^at\\.${field} `) });
    refused(() => seccomp({ seccomp: { profileType: Localhost } }), 'seccomp\\.localhost_ref');
    refused(() => seccomp({ seccomp: { profileType: Localhost, localhostRef: 'p.json' } }), 'seccomp\\.localhost_ref');
    refused(() => seccomp({ seccomp: { profileType: Unconfined, localhostRef: '/p' } }), 'seccomp\\.localhost_ref');
    refused(() => apparmor({ apparmor: { profileType: Unconfined, localhostRef: 'p' } }), 'apparmor\\.localhost_ref');
    refused(
      () => seccomp({ seccomp: { profileType: 9 as wire.SecurityProfile_ProfileType } }),
      'seccomp\\.profile_type',
    );
    refused(() => seccomp({ seccompProfilePath: 'nonsense' }), 'seccomp_profile_path');
    refused(() => apparmor({ apparmorProfile: 'localhost/' }), 'apparmor_profile');
  });
});
