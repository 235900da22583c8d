import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CpuRate, CpuRates } from './cpu-rate.ts';

const ms = 1_000_000n;

test('a client that asks every ten seconds gets the rate over these ten', () => {
  const rate = new CpuRate(0n, 0n);
  assert.equal(rate.sample(10_000n * ms, 5000n * ms), 500_000_000n);
  assert.equal(rate.sample(20_000n * ms, 5000n * ms), 0n);
});

test('two that ask at the same time get the same', () => {
  const rate = new CpuRate(0n, 0n);
  assert.equal(rate.sample(10_000n * ms, 10_000n * ms), 1_000_000_000n);
  assert.equal(rate.sample(10_001n * ms, 10_001n * ms), 1_000_000_000n);
});

test('there is none until some time has passed', () => {
  const rate = new CpuRate(0n, 0n);
  assert.equal(rate.sample(1n * ms, 1n * ms), undefined);
  assert.equal(rate.sample(200n * ms, 100n * ms), 500_000_000n);
});

test('one that asks often gets the rate over the last seconds', () => {
  const rate = new CpuRate(0n, 0n);
  let last: bigint | undefined;
  for (let at = 100n; at <= 5000n; at += 100n) last = rate.sample(at * ms, at < 3000n ? 0n : (at - 3000n) * ms);
  assert.ok(last! > 900_000_000n && last! <= 1_000_000_000n, String(last));
});

test('counters that began again have no rate at first', () => {
  const rate = new CpuRate(0n, 1000n * ms);
  assert.equal(rate.sample(2000n * ms, 0n), undefined);
  assert.equal(rate.sample(4000n * ms, 1000n * ms), 500_000_000n);
});

test('what is not kept is new again', () => {
  const rates = new CpuRates();
  assert.equal(rates.of('a', 5n), undefined);
  rates.keep(new Set(['b']));
  assert.equal(rates.of('a', 7n), undefined);
});
