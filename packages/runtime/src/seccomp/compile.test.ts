import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { SeccompArg, SeccompRule, SeccompSpec } from '@berth/model/runtime-spec';
import { dockerSeccomp } from '../defaults/gen/docker-seccomp.ts';
import { ret } from './action.ts';
import { compileSeccomp } from './compile.ts';
import { numbers as arm } from './gen/arm.ts';
import { numbers as i386 } from './gen/i386.ts';
import { numbers as x64 } from './gen/x86-64.ts';
import { numbers as x32 } from './gen/x32.ts';
import { interpret } from './interpret.ts';
import { resolveProfile } from './profile.ts';

const audit = { x64: 0xc000_003e, i386: 0x4000_0003, arm64: 0xc000_00b7, arm: 0x4000_0028 };
const facts = { architecture: 'x64', kernel: '6.18.0', capabilities: ['CAP_CHOWN'] } as const;
const docker = resolveProfile(dockerSeccomp, facts);
const EPERM = ret.errno | 1;
const ENOSYS = ret.errno | 38;

function run(spec: SeccompSpec, number: number | undefined, args: readonly bigint[] = [], from = audit.x64): number {
  return interpret(compileSeccomp(spec, 'x64').program, { number: number ?? -1, audit: from, args }).value;
}

const allow = (names: readonly string[], args: readonly SeccompArg[] = []): SeccompRule => ({
  names,
  action: 'SCMP_ACT_ALLOW',
  args,
});
const denying = (...syscalls: readonly SeccompRule[]): SeccompSpec => ({
  defaultAction: 'SCMP_ACT_ERRNO',
  syscalls,
});

describe("docker's default profile", () => {
  test('allows, refuses, and looks at arguments', () => {
    assert.equal(run(docker, x64.read), ret.allow);
    assert.equal(run(docker, x64.mount), EPERM);
    assert.equal(run(docker, x64.clone3), ENOSYS);
    assert.equal(run(docker, x64.clone, [0x1_0000n]), ret.allow);
    assert.equal(run(docker, x64.clone, [0x2_0000n]), EPERM);
    assert.equal(run(docker, x64.socket, [40n]), EPERM);
    assert.equal(run(docker, x64.personality, [0xffff_ffffn]), ret.allow);
  });

  test('calls newer than the profile get ENOSYS, so that libraries fall back', () => {
    assert.equal(run(docker, 2000), ENOSYS);
    assert.equal(run(docker, x64.removexattrat), ret.allow);
    assert.equal(run(docker, (x64.removexattrat ?? 0) + 1), ENOSYS);
  });

  test('covers 32 bit programs and x32, and kills what comes from elsewhere', () => {
    assert.equal(run(docker, i386.read, [], audit.i386), ret.allow);
    assert.equal(run(docker, i386.mount, [], audit.i386), EPERM);
    assert.equal(run(docker, x32.read), ret.allow);
    assert.equal(run(docker, x32.mount), EPERM);
    assert.equal(run(docker, 1, [], audit.arm), ret.killThread);
  });

  test('the private calls of arm do not make all numbers below them known', () => {
    const spec = resolveProfile(dockerSeccomp, { ...facts, architecture: 'arm64' });
    const { program } = compileSeccomp(spec, 'arm64');
    const verdict = (number: number) => interpret(program, { number, audit: audit.arm }).value;
    assert.equal(verdict(arm.set_tls ?? 0), ret.allow);
    assert.equal(verdict(1000), ENOSYS);
  });

  test('capabilities open what they are for', () => {
    const admin = resolveProfile(dockerSeccomp, { ...facts, capabilities: ['CAP_SYS_ADMIN'] });
    assert.equal(run(admin, x64.mount), ret.allow);
    assert.equal(run(admin, x64.clone3), ret.allow);
    assert.equal(run(admin, x64.reboot), EPERM);
  });

  test('is small and quick to walk', () => {
    const { program } = compileSeccomp(docker, 'x64');
    assert.ok(program.length / 8 < 450, `${program.length / 8} instructions`);
    for (const [name, most] of [
      ['read', 8],
      ['write', 8],
      ['futex', 10],
      ['openat', 12],
    ] as const) {
      const { steps } = interpret(program, { number: x64[name] ?? 0, audit: audit.x64 });
      assert.ok(steps <= most, `${name} takes ${steps} instructions`);
    }
  });

  test('is compiled once, for equal content too', () => {
    assert.equal(compileSeccomp(docker, 'x64'), compileSeccomp(docker, 'x64'));
    assert.equal(compileSeccomp(docker, 'x64'), compileSeccomp({ ...docker }, 'x64'));
    assert.notEqual(compileSeccomp(docker, 'x64'), compileSeccomp(docker, 'arm64'));
  });
});

describe('rules', () => {
  test('conditions of one rule must all hold, rules are alternatives', () => {
    const is = (index: number, value: number): SeccompArg => ({ index, value, op: 'SCMP_CMP_EQ' });
    const spec = denying(allow(['dup3'], [is(0, 1), is(1, 2)]), allow(['dup3'], [is(2, 3)]));
    const verdicts = [
      [1n, 2n, 0n],
      [1n, 0n, 0n],
      [0n, 0n, 3n],
    ].map((args) => run(spec, x64.dup3, args));
    assert.deepEqual(verdicts, [ret.allow, EPERM, ret.allow]);
  });

  test('two conditions on one argument are alternatives, as runc has always read them', () => {
    const is = (value: number): SeccompArg => ({ index: 0, value, op: 'SCMP_CMP_EQ' });
    const spec = denying(allow(['dup'], [is(1), is(2)]));
    assert.deepEqual(
      [1n, 2n, 3n].map((one) => run(spec, x64.dup, [one])),
      [ret.allow, ret.allow, EPERM],
    );
  });

  test('a rule without conditions wins over those with some', () => {
    const spec = denying(allow(['dup'], [{ index: 0, value: 1, op: 'SCMP_CMP_EQ' }]), allow(['dup']));
    assert.equal(run(spec, x64.dup, [9n]), ret.allow);
  });

  test('names nobody knows are passed over', () => {
    assert.equal(run(denying(allow(['frobnicate', 'read'])), x64.read), ret.allow);
  });

  test('every action has its value', () => {
    const actions = {
      SCMP_ACT_KILL_PROCESS: ret.killProcess,
      SCMP_ACT_TRAP: ret.trap,
      SCMP_ACT_LOG: ret.log,
      SCMP_ACT_NOTIFY: ret.notify,
      SCMP_ACT_TRACE: ret.trace | 5,
      SCMP_ACT_ALLOW: ret.allow,
    };
    for (const [action, value] of Object.entries(actions)) {
      assert.equal(run(denying({ names: ['read'], action, errnoRet: 5 }), x64.read), value, action);
    }
  });

  test('a permissive profile answers nothing itself', () => {
    const spec = {
      defaultAction: 'SCMP_ACT_ALLOW',
      syscalls: [{ names: ['mount'], action: 'SCMP_ACT_ERRNO' }],
    };
    assert.equal(run(spec, 5000), ret.allow);
    assert.equal(run(spec, x64.mount), EPERM);
  });

  test('what makes no sense is refused with its path', () => {
    const bad: SeccompSpec[] = [
      { defaultAction: 'NO' },
      { defaultAction: 'SCMP_ACT_ALLOW', architectures: ['SCMP_ARCH_VAX'] },
      { defaultAction: 'SCMP_ACT_ALLOW', flags: ['FAST'] },
      denying({ names: ['read'], action: 'SCMP_ACT_ERRNO', errnoRet: 70_000 }),
      denying(allow(['read'], [{ index: 6, value: 1, op: 'SCMP_CMP_EQ' }])),
      denying(allow(['read'], [{ index: 0, value: 1, op: 'SCMP_CMP_IS' }])),
    ];
    for (const spec of bad) assert.throws(() => compileSeccomp(spec, 'x64'), { kind: 'invalid_argument' });
  });
});

describe('any profile', () => {
  const names = Object.keys(x64).slice(0, 340);
  const values = fc.oneof(fc.nat(5).map(BigInt), fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }));
  const op = fc.constantFrom('NE', 'LT', 'LE', 'EQ', 'GE', 'GT', 'MASKED_EQ');
  const condition = fc.record({
    index: fc.nat(5),
    value: values,
    valueTwo: values,
    op: op.map((one) => `SCMP_CMP_${one}`),
  });
  const rule = fc.record({
    names: fc.array(fc.constantFrom(...names), { minLength: 1, maxLength: 30 }),
    action: fc.constantFrom('SCMP_ACT_ALLOW', 'SCMP_ACT_TRAP', 'SCMP_ACT_ERRNO'),
    errnoRet: fc.constantFrom(1, 13),
    args: fc.uniqueArray(condition, { maxLength: 3, selector: ({ index }) => index }),
  });

  test('gives the verdict that its rules give when read one by one, however long it is', () => {
    const call = fc.tuple(fc.constantFrom(...names), fc.array(values, { minLength: 6, maxLength: 6 }));
    fc.assert(
      fc.property(fc.array(rule, { maxLength: 60 }), fc.array(call, { minLength: 20 }), (syscalls, calls) => {
        const spec = denying(...syscalls);
        for (const [name, args] of calls) {
          const number = x64[name] ?? 0;
          assert.equal(run(spec, number, args), expected(spec, number, args));
        }
      }),
      { numRuns: 60 },
    );
  });
});

/** The meaning of a profile in a few slow lines. */
function expected(spec: SeccompSpec, number: number, args: readonly bigint[]): number {
  const rules = spec.syscalls ?? [];
  const known = Math.max(-1, ...rules.flatMap(({ names }) => names.map((name) => x64[name] ?? -1)));
  if (known >= 0 && number > known) return ENOSYS;
  const value = ({ action, errnoRet = 1 }: SeccompRule) =>
    action === 'SCMP_ACT_ERRNO' ? ret.errno | errnoRet : action === 'SCMP_ACT_TRAP' ? ret.trap : ret.allow;
  const mine = rules.filter((one) => one.names.some((name) => x64[name] === number) && value(one) !== EPERM);
  const plain = mine.find((one) => !one.args?.length);
  const found = plain ?? mine.find((one) => one.args?.every((arg) => holds(arg, args[arg.index] ?? 0n)));
  return found === undefined ? EPERM : value(found);
}

function holds({ op, value, valueTwo = 0 }: SeccompArg, actual: bigint): boolean {
  const [a, b] = [BigInt(value), BigInt(valueTwo)];
  if (op === 'SCMP_CMP_NE') return actual !== a;
  if (op === 'SCMP_CMP_LT') return actual < a;
  if (op === 'SCMP_CMP_LE') return actual <= a;
  if (op === 'SCMP_CMP_EQ') return actual === a;
  if (op === 'SCMP_CMP_GE') return actual >= a;
  if (op === 'SCMP_CMP_GT') return actual > a;
  return (actual & a) === b;
}
