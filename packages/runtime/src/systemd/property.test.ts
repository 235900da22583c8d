import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { DeviceRule, ResourcesSpec } from '@berth/model/runtime-spec';
import { deviceProperties, resourceProperties } from './property.ts';
import type { SystemdFacts } from './property.ts';

const v2: SystemdFacts = { cgroups: 2, version: 252 };
const v1: SystemdFacts = { cgroups: 1, version: 252 };
const infinity = 2n ** 64n - 1n;

const of = (resources: ResourcesSpec, facts: SystemdFacts) =>
  Object.fromEntries(resourceProperties(resources, facts).map(([name, { value }]) => [name, value]));

describe('limits as unit properties', () => {
  test('v2', () => {
    const memory = { limit: 100, swap: 150, reservation: 50 };
    assert.deepEqual(of({ memory, cpu: { shares: 1024, cpus: '0-1', mems: '0' }, pids: { limit: 0 } }, v2), {
      MemoryMax: 100,
      MemoryLow: 50,
      MemorySwapMax: 50n,
      CPUWeight: 100,
      AllowedCPUs: new Uint8Array([3]),
      AllowedMemoryNodes: new Uint8Array([1]),
      TasksMax: 1,
    });
    assert.deepEqual(of({ memory: { limit: -1 }, pids: { limit: -1 }, cpu: { idle: 1, shares: 5 } }, v2), {
      MemoryMax: infinity,
      MemorySwapMax: infinity,
      CPUWeight: 0,
      TasksMax: infinity,
    });
  });

  test('v1', () => {
    const resources = { memory: { limit: 100, swap: 200 }, cpu: { shares: 1024 }, blockIO: { weight: 500 } };
    assert.deepEqual(of(resources, v1), { MemoryLimit: 100, BlockIOWeight: 500, CPUShares: 1024 });
  });

  test('a quota is whole percents of a processor, rounded up', () => {
    assert.deepEqual(of({ cpu: { quota: 50_500, period: 100_000 } }, v2), {
      CPUQuotaPeriodUSec: 100_000,
      CPUQuotaPerSecUSec: 510_000,
    });
    assert.deepEqual(of({ cpu: { quota: 20_000 } }, v2), { CPUQuotaPerSecUSec: 200_000 });
    assert.deepEqual(of({ cpu: { quota: -1, period: 50_000 } }, v2), {
      CPUQuotaPeriodUSec: 50_000,
      CPUQuotaPerSecUSec: infinity,
    });
  });

  test('an old systemd is not asked for what it does not know', () => {
    const old = { cgroups: 2, version: 239 } as const;
    assert.deepEqual(of({ cpu: { quota: 20_000, period: 10_000, cpus: '0', idle: 1 } }, old), {
      CPUQuotaPerSecUSec: 2_000_000,
    });
  });

  test('files by name win over the fields', () => {
    const unified = { 'memory.max': 'max', 'memory.high': '77', 'cpu.max': '30000 100000', 'misc.max': 'res_a 1' };
    assert.deepEqual(of({ memory: { limit: 5 }, unified }, v2), {
      MemoryMax: infinity,
      MemoryHigh: 77n,
      CPUQuotaPeriodUSec: 100_000,
      CPUQuotaPerSecUSec: 300_000,
    });
  });
});

describe('device rules as unit properties', () => {
  const from = (rules: readonly DeviceRule[], version = 252) =>
    deviceProperties(rules, { ...v2, version }).map(([name, { value }]) => [name, value]);

  test('a list of what is allowed', () => {
    const disk = { allow: true, type: 'b', major: 8, minor: 0, access: 'r' } as const;
    const [forget, policy, list] = from([{ allow: false }, disk]);
    assert.deepEqual(
      [forget, policy],
      [
        ['DeviceAllow', []],
        ['DevicePolicy', 'strict'],
      ],
    );
    const entries = list?.[1] as unknown as (readonly [string, string])[];
    assert.deepEqual(entries[0], ['/dev/block/8:0', 'r']);
    assert.ok(entries.some(([name, access]) => name === 'char-*' && access === 'm'));
    assert.ok(entries.some(([name]) => name === 'char-136') && entries.some(([name]) => name === '/dev/char/1:3'));
  });

  test('what cannot be said so is left to the program', () => {
    const odd = { allow: true, type: 'c', minor: 5 } as const;
    for (const rules of [[{ allow: true }], [odd]]) {
      assert.deepEqual(from(rules), [
        ['DeviceAllow', []],
        ['DevicePolicy', 'auto'],
      ]);
    }
    assert.deepEqual(from([], 239)[1], ['DevicePolicy', 'auto']);
  });
});
