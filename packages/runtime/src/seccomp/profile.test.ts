import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseSeccompProfile, resolveProfile } from './profile.ts';
import type { ProfileRule } from './profile.ts';

const facts = { architecture: 'x64', kernel: '5.10.0-20-amd64', capabilities: ['CAP_KILL'] } as const;

function kept(rule: Omit<ProfileRule, 'action'>): boolean {
  const profile = {
    defaultAction: 'SCMP_ACT_ERRNO',
    syscalls: [{ names: ['read'], action: 'SCMP_ACT_ALLOW', ...rule }],
  };
  return resolveProfile(profile, facts).syscalls?.length === 1;
}

describe('a seccomp profile', () => {
  test('has rules by capability, architecture and kernel', () => {
    assert.equal(kept({}), true);
    assert.equal(kept({ includes: { caps: ['CAP_KILL'] } }), true);
    assert.equal(kept({ includes: { caps: ['CAP_KILL', 'CAP_BPF'] } }), false);
    assert.equal(kept({ excludes: { caps: ['CAP_KILL'] } }), false);
    assert.equal(kept({ includes: { arches: ['arm64', 'amd64'] } }), true);
    assert.equal(kept({ excludes: { arches: ['amd64'] } }), false);
    assert.equal(kept({ includes: { minKernel: '4.8' } }), true);
    assert.equal(kept({ includes: { minKernel: '5.11' } }), false);
    assert.equal(kept({ excludes: { minKernel: '5.10' } }), false);
  });

  test('takes the architectures of the machine from its map', () => {
    const archMap = [{ architecture: 'SCMP_ARCH_X86_64', subArchitectures: ['SCMP_ARCH_X86'] }];
    const spec = resolveProfile({ defaultAction: 'SCMP_ACT_ALLOW', archMap }, facts);
    assert.deepEqual(spec.architectures, ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86']);
  });

  test('the old form with one name a rule still works', () => {
    const spec = resolveProfile(
      { defaultAction: 'SCMP_ACT_ALLOW', syscalls: [{ name: 'mount', action: 'SCMP_ACT_ERRNO' }] },
      facts,
    );
    assert.deepEqual(spec.syscalls?.[0]?.names, ['mount']);
  });

  test('keeps all digits of a 64 bit value', () => {
    const text =
      '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["a"],"action":"x","args":[{"index":0,"value":18446744073709551615,"op":"y"}]}]}';
    assert.equal(parseSeccompProfile(text).syscalls?.[0]?.args?.[0]?.value, 0xffff_ffff_ffff_ffffn);
  });

  test('what is no profile is refused', () => {
    for (const text of ['', '[]', '{}', '{"defaultAction":"a","syscalls":{}}', 'null']) {
      assert.throws(() => parseSeccompProfile(text), {
        kind: 'invalid_argument',
        code: 'invalid_seccomp_profile',
      });
    }
  });
});
