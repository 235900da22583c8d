import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { SeccompArg, SeccompSpec } from '@berth/model/runtime-spec';
import { dockerSeccomp } from '@berth/runtime/defaults/gen/docker-seccomp';
import { architecturesOf } from '@berth/runtime/seccomp/architecture';
import type { Architecture } from '@berth/runtime/seccomp/architecture';
import { compileSeccomp } from '@berth/runtime/seccomp/compile';
import { interpret } from '@berth/runtime/seccomp/interpret';
import type { SystemCall } from '@berth/runtime/seccomp/interpret';
import { resolveProfile } from '@berth/runtime/seccomp/profile';
import { buildPeer, throughPeer } from './libseccomp.ts';

let folder: string;
let missing: string | undefined;
const program = () => join(folder, 'libseccomp-export');

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'berth-seccomp-'));
  missing = buildPeer(program());
});

after(() => rmSync(folder, { recursive: true, force: true }));

/** Values on both sides of every bound that a profile has, in both halves of a word. */
function boundaries(args: readonly SeccompArg[]): bigint[] {
  const around = args.flatMap(({ value, valueTwo = 0 }) =>
    [BigInt(value), BigInt(valueTwo)].flatMap((one) => [one - 1n, one, one + 1n, one | (1n << 32n)]),
  );
  const usual = [0n, 1n, 0x7fff_ffffn, 0x8000_0000n, 0xffff_ffffn, 1n << 32n, (1n << 64n) - 1n];
  return [...new Set([...around, ...usual].map((one) => BigInt.asUintN(64, one)))];
}

/** What arguments to try for each call name: zeros, and all bounds for those with conditions. */
function argumentsFor(spec: SeccompSpec, name: string): bigint[][] {
  const args = (spec.syscalls ?? []).filter(({ names }) => names.includes(name)).flatMap((rule) => rule.args ?? []);
  const lists: bigint[][] = [[0n, 0n, 0n, 0n, 0n, 0n]];
  const values = boundaries(args);
  for (const { index } of args) {
    for (const value of values) {
      for (const other of args.length > 1 ? values : [0n]) {
        const list = Array.from({ length: 6 }, () => other);
        list[index] = value;
        lists.push(list);
      }
    }
  }
  return lists;
}

interface Difference {
  readonly call: SystemCall;
  readonly ours: string;
  readonly theirs: string;
}

/** Runs both programs over every call number of every architecture. */
function differences(spec: SeccompSpec, native: 'x64' | 'arm64'): { found: Difference[]; count: number } {
  const peer = throughPeer(program(), spec);
  // What the peer cannot name has no rule there, so none here either.
  const syscalls = (spec.syscalls ?? []).map((rule) => ({
    ...rule,
    names: rule.names.filter((name) => !peer.unknown.has(name)),
  }));
  const ours = compileSeccomp({ ...spec, syscalls }, native).program;
  const found: Difference[] = [];
  let count = 0;
  for (const call of callsToTry(spec, architecturesOf(spec.architectures, native))) {
    const [mine, yours] = [interpret(ours, call).value, interpret(peer.program, call).value];
    count++;
    if (mine !== yours) found.push({ call, ours: mine.toString(16), theirs: yours.toString(16) });
  }
  return { found, count };
}

function* callsToTry(spec: SeccompSpec, architectures: readonly Architecture[]): Generator<SystemCall> {
  for (const { audit, numbers, first } of architectures) {
    const names = new Map(Object.entries(numbers).map(([name, number]) => [number, name]));
    for (let number = first; number < first + 1200; number++) {
      for (const args of argumentsFor(spec, names.get(number) ?? '')) yield { audit, number, args };
    }
    for (const [number] of names) yield { audit, number };
    for (const number of [0x3fff_ffff, 0x4000_0000, 0x7fff_ffff, 0xf_0000, 0xf_0010]) yield { audit, number };
    // socketcall and ipc take a code.
    for (let code = 0n; code < 30n; code++) {
      yield { audit, number: first + 102, args: [code] };
      yield { audit, number: first + 117, args: [code] };
    }
  }
  for (const audit of [0, 0xc000_00f3, 0xc000_003e, 0x4000_0003]) yield { audit, number: 1 };
}

const facts = { architecture: 'x64', kernel: '6.18.0' } as const;
const quiet = { defaultErrnoRet: 38 };

function same(spec: SeccompSpec, native: 'x64' | 'arm64'): void {
  const { found, count } = differences(spec, native);
  assert.deepEqual(found.slice(0, 5), []);
  assert.ok(count > 1200);
}

describe('our filters give the verdicts that libseccomp gives', () => {
  test("docker's default profile with the default capabilities on x86_64", (t) => {
    if (missing) return t.skip(missing);
    const capabilities = ['CAP_CHOWN', 'CAP_NET_RAW', 'CAP_SYS_CHROOT'];
    // Without the ENOSYS for later calls, which is runc's and not libseccomp's.
    same({ ...resolveProfile(dockerSeccomp, { ...facts, capabilities }), ...quiet }, 'x64');
  });

  test("docker's default profile with CAP_SYS_ADMIN on x86_64", (t) => {
    if (missing) return t.skip(missing);
    const spec = resolveProfile(dockerSeccomp, { ...facts, capabilities: ['CAP_SYS_ADMIN', 'CAP_BPF'] });
    same({ ...spec, ...quiet }, 'x64');
  });

  test("docker's default profile on arm64, with its 32 bit calls", (t) => {
    if (missing) return t.skip(missing);
    const arm = { architecture: 'arm64', kernel: '6.18.0', capabilities: [] } as const;
    same({ ...resolveProfile(dockerSeccomp, arm), ...quiet }, 'arm64');
  });

  for (const op of ['NE', 'LT', 'LE', 'EQ', 'GE', 'GT', 'MASKED_EQ']) {
    test(`a comparison ${op} of 32 and 64 bit values, and two arguments at once`, (t) => {
      if (missing) return t.skip(missing);
      const compare = (index: number, value: bigint, valueTwo = 0n) => ({
        index,
        value,
        valueTwo,
        op: `SCMP_CMP_${op}`,
      });
      const rule = (name: string, ...args: SeccompArg[]) => ({
        names: [name],
        action: 'SCMP_ACT_ALLOW',
        args,
      });
      const spec: SeccompSpec = {
        defaultAction: 'SCMP_ACT_KILL_PROCESS',
        architectures: ['SCMP_ARCH_X86_64'],
        syscalls: [
          rule('read', compare(0, 7n, 5n)),
          rule('write', compare(1, 0x1_0000_0005n, 0x1_0000_0001n)),
          rule('openat', compare(0, 3n, 3n), compare(2, 0xffff_ffff_0000_0000n, 0x10_0000_0000n)),
          rule('ioctl', compare(1, 0xffff_ffffn, 0x5412n)),
          rule('lseek', compare(5, 0xffff_ffff_ffff_ffffn, 9n)),
        ],
      };
      // The default action kills, so that there is nothing to answer ENOSYS for in this test.
      const { found } = differences({ ...spec, defaultAction: 'SCMP_ACT_ERRNO', ...quiet }, 'x64');
      assert.deepEqual(found.slice(0, 5), []);
    });
  }

  test('a deny list on three architectures, with every kind of action', (t) => {
    if (missing) return t.skip(missing);
    const rule = (action: string, ...names: string[]) => ({ names, action, errnoRet: 7 });
    same(
      {
        defaultAction: 'SCMP_ACT_ALLOW',
        architectures: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X32'],
        syscalls: [
          rule('SCMP_ACT_KILL_PROCESS', 'reboot', 'socketpair'),
          rule('SCMP_ACT_KILL_THREAD', 'kexec_load'),
          rule('SCMP_ACT_TRAP', 'ptrace', 'semop'),
          rule('SCMP_ACT_TRACE', 'mount', 'recvmmsg'),
          rule('SCMP_ACT_LOG', 'open'),
          rule('SCMP_ACT_ERRNO', 'swapon', 'shmget', 'accept4'),
          rule('SCMP_ACT_ALLOW', 'write'),
        ].filter(({ action }) => action !== 'SCMP_ACT_ALLOW'),
      },
      'x64',
    );
  });
});
