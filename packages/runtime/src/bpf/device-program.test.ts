import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { DeviceRule } from '@berth/model/runtime-spec';
import { isKind } from '@berth/model/error';
import fc from 'fast-check';
import { alwaysAllowed } from '../cgroup/device-rule.ts';
import { deviceState } from '../cgroup/device-state.ts';
import { compileDeviceProgram, programOf } from './device-program.ts';
import { encodeInstructions } from './instruction.ts';
import { runDeviceProgram } from './interpret.ts';
import type { DeviceAccess } from './interpret.ts';

const deny: DeviceRule = { allow: false, access: 'rwm' };
const ask = (rules: readonly DeviceRule[], type: 'c' | 'b', device: string, access: string): boolean => {
  const [major = 0, minor = 0] = device.split(':').map(Number);
  return runDeviceProgram(compileDeviceProgram(rules), { type, major, minor, access });
};

/**
 * The rules for one device, letter by letter: the default, and the patterns that say otherwise. A pattern for more
 * devices does not touch one for fewer, as in the kernel.
 */
function naive(rules: readonly DeviceRule[], asked: DeviceAccess): boolean {
  let allow = false;
  let patterns = new Map<string, Set<string>>();
  for (const { type, major = -1, minor = -1, access, allow: allowed } of rules) {
    if (type === undefined || type === 'a') [allow, patterns] = [allowed, new Map()];
    else {
      const letters = patterns.getOrInsertComputed(`${type} ${major} ${minor}`, () => new Set());
      for (const letter of access || 'rwm') {
        if (allowed === allow) letters.delete(letter);
        else letters.add(letter);
      }
    }
  }
  const matching = [asked.major, -1].flatMap((major) =>
    [asked.minor, -1].map((minor) => patterns.get(`${asked.type} ${major} ${minor}`) ?? new Set<string>()),
  );
  const wanted = asked.access.split('');
  return allow
    ? !matching.some((letters) => wanted.some((letter) => letters.has(letter)))
    : matching.some((letters) => wanted.every((letter) => letters.has(letter)));
}

const number = fc.constantFrom(-1, 0, 1, 3, 2 ** 31, 2 ** 32 - 1);
const access = fc.constantFrom('r', 'w', 'm', 'rw', 'rm', 'wm', 'rwm');
const rule: fc.Arbitrary<DeviceRule> = fc.record(
  {
    allow: fc.boolean(),
    type: fc.constantFrom<('a' | 'b' | 'c')[]>('c', 'c', 'b', 'b', 'a'),
    major: number,
    minor: number,
    access,
  },
  { requiredKeys: ['allow', 'type'] },
);
const someDevice = fc.record({
  type: fc.constantFrom('c' as const, 'b' as const),
  major: number.map((value) => Math.max(value, 0)),
  minor: number.map((value) => Math.max(value, 0)),
  access,
});

describe('a device program', () => {
  test('denies what no rule speaks of, and allows what every container needs', () => {
    assert.equal(ask([], 'b', '8:0', 'r'), false);
    for (const device of ['1:3', '1:5', '1:7', '1:8', '1:9', '5:0', '5:1', '5:2', '136:0', '136:9']) {
      assert.equal(ask([deny], 'c', device, 'rw'), true, device);
    }
    assert.equal(ask([deny], 'b', '8:0', 'm'), true);
    assert.equal(ask([deny], 'b', '8:0', 'rm'), false);
  });

  test('a later rule overrides', () => {
    const disk = { type: 'b', major: 8, minor: 0 } as const;
    assert.equal(ask([deny, { allow: true, ...disk }], 'b', '8:0', 'rw'), true);
    assert.equal(
      ask([deny, { allow: true, ...disk }, { allow: false, ...disk, access: 'w' }], 'b', '8:0', 'rw'),
      false,
    );
    assert.equal(ask([deny, { allow: true, ...disk }, deny], 'b', '8:0', 'r'), false);
    assert.equal(ask([deny, { allow: true }], 'b', '8:0', 'rwm'), true);
  });

  test('a device that may not be written is not opened for both', () => {
    const rules = [{ allow: true }, { allow: false, type: 'b', major: 8, access: 'w' } as const];
    assert.deepEqual(
      ['r', 'w', 'rw'].map((letters) => ask(rules, 'b', '8:1', letters)),
      [true, false, false],
    );
  });

  test('numbers of 32 bits are compared whole', () => {
    const rules = [deny, { allow: true, type: 'c', major: 2 ** 32 - 1, minor: 2 ** 31 } as const];
    assert.equal(ask(rules, 'c', `${2 ** 32 - 1}:${2 ** 31}`, 'r'), true);
    assert.equal(ask(rules, 'c', `${2 ** 32 - 1}:${2 ** 31 + 1}`, 'r'), false);
  });

  test('says the same as a naive walk over the rules', () => {
    let compared = 0;
    fc.assert(
      fc.property(
        fc.array(rule, { maxLength: 8 }),
        fc.array(someDevice, { minLength: 20, maxLength: 20 }),
        (rules, asked) => {
          const program = programFor(rules);
          // Rules that would make a hole are refused, not compiled.
          if (program === undefined) return;
          for (const one of asked) {
            compared++;
            assert.equal(runDeviceProgram(program, one), naive(rules, one), JSON.stringify({ rules, one }));
          }
        },
      ),
      { numRuns: 1000 },
    );
    assert.ok(compared > 5000, `only ${compared} comparisons`);
  });

  test('the default devices come behind the rules of the spec', () => {
    fc.assert(
      fc.property(fc.array(rule, { maxLength: 4 }), someDevice, (rules, one) => {
        const whole = [...rules, ...alwaysAllowed];
        const program = programFor(whole);
        if (program === undefined) return;
        assert.equal(runDeviceProgram(compileDeviceProgram(rules), one), naive(whole, one));
      }),
    );
  });

  test('more rules than a jump can reach over are refused', () => {
    const rules = Array.from({ length: 5000 }, (_, minor): DeviceRule => ({ allow: true, type: 'c', major: 4, minor }));
    assert.throws(() => compileDeviceProgram(rules), { kind: 'invalid_argument' });
    assert.equal(ask(rules.slice(0, 4000), 'c', '4:3999', 'rw'), true);
  });
});

function programFor(rules: readonly DeviceRule[]): Uint8Array | undefined {
  try {
    return encodeInstructions(programOf(deviceState(rules)));
  } catch (error) {
    if (isKind(error, 'invalid_argument')) return undefined;
    throw error;
  }
}
