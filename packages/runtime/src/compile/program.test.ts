import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { capabilitiesOf, capabilityMask, capabilityNames } from './capability.ts';
import { containingMount } from './containing-mount.ts';
import { ownCapabilities } from './own-capabilities.ts';
import { candidates, programRecord } from './program.ts';
import { rlimits } from './rlimit.ts';
import { sysctlPath } from './sysctl.ts';

describe('the program', () => {
  test('a bare name is looked for in the PATH of the process itself', () => {
    assert.deepEqual(candidates('sh', ['PATH=/a:/b/']), ['/a/sh', '/b/sh']);
  });

  test('the last PATH wins, and relative folders in it are passed over', () => {
    assert.deepEqual(candidates('sh', ['PATH=/a', 'PATH=.::/b:/b']), ['/b/sh']);
  });

  test('a name with a slash is itself', () => {
    assert.deepEqual(candidates('./run', ['PATH=/a']), ['./run']);
  });

  test('without a PATH the usual folders are searched', () => {
    assert.ok(candidates('sh', []).includes('/bin/sh'));
  });

  test('of two values of a name the last one is given', () => {
    const record = programRecord({
      user: { uid: 0, gid: 0 },
      args: ['/x'],
      env: ['A=1', 'B=2', 'A=3'],
      cwd: '/',
    });
    assert.equal(record.kind === 'execve' && record.env, 'A=3\0B=2\0');
  });
});

describe('tables', () => {
  test('capabilities have the numbers of the kernel', () => {
    assert.equal(capabilityMask(['CAP_CHOWN', 'CAP_CHECKPOINT_RESTORE'], ''), 1n | (1n << 40n));
    assert.deepEqual(capabilitiesOf((1n << 41n) - 1n), [...capabilityNames]);
  });

  test('unlimited may be -1 or the rounded 2^64', () => {
    const unlimited = 0xffff_ffff_ffff_ffffn;
    for (const value of [-1, 2 ** 64]) {
      const records = rlimits([{ type: 'RLIMIT_CORE', soft: value, hard: value }]);
      const expected = { resource: 4, current: unlimited, maximum: unlimited };
      assert.deepEqual(records, [expected]);
    }
  });

  test('setting names with dots in a part are written with slashes', () => {
    assert.equal(sysctlPath('net.ipv4.ip_forward'), 'net/ipv4/ip_forward');
    assert.equal(sysctlPath('net/ipv4/conf/eth0.1/forwarding'), 'net/ipv4/conf/eth0.1/forwarding');
    assert.equal(sysctlPath('net.ipv4.conf.eth0/1.forwarding'), 'net/ipv4/conf/eth0.1/forwarding');
  });

  test('the mount that holds a path', () => {
    const text = '1 0 8:1 / / rw - ext4 a rw\n2 1 8:2 / /var/lib rw - ext4 b rw\n3 1 8:2 / /var/li rw - ext4 b rw\n';
    assert.equal(containingMount('/var/lib/berth/x', text), '/var/lib');
    assert.equal(containingMount('/var/library', text), '/');
  });

  test('own capabilities are those that are permitted and not dropped', () => {
    assert.equal(ownCapabilities('CapPrm:\t000001ffffffffff\nCapBnd:\t000001fffeffffff\n'), 0x1fffeffffffn);
  });
});
