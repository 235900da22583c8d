import { strict as assert } from 'node:assert';
import { readlinkSync } from 'node:fs';
import { uptime } from 'node:os';
import type { Case } from '../suite/case.ts';
import { refused } from '../suite/refusal.ts';
import { userNamespace } from '../suite/spec.ts';

const day = 86_400;
type Clocks = Readonly<Record<'monotonic' | 'boottime', number>>;

function near(actual: number, expected: number): void {
  assert.ok(Math.abs(actual - expected) < 60, `${actual} is not about ${expected}`);
}

export const cases: readonly Case[] = [
  {
    name: 'a time namespace that is listed is a new one',
    needs: ['time namespaces'],
    since: '1.2',
    spec: (spec) => void spec.linux.namespaces.push({ type: 'time' }),
    probe: ['links /proc/self/ns'],
    expect: (seen) =>
      assert.notEqual(
        seen.of<Record<string, string>>('links /proc/self/ns')['time'],
        readlinkSync('/proc/self/ns/time'),
      ),
  },
  {
    name: 'without one it is that of the runtime',
    needs: ['time namespaces'],
    probe: ['links /proc/self/ns'],
    expect: (seen) =>
      assert.equal(seen.of<Record<string, string>>('links /proc/self/ns')['time'], readlinkSync('/proc/self/ns/time')),
  },
  {
    name: 'the offsets move the clocks',
    needs: ['time namespaces'],
    since: '1.2',
    spec: (spec) => {
      spec.linux.namespaces.push({ type: 'time' });
      spec.linux.timeOffsets = { monotonic: { secs: 7 * day }, boottime: { secs: 3 * day, nanosecs: 5 } };
    },
    probe: ['clocks', 'read /proc/self/timens_offsets'],
    expect: (seen) => {
      near(seen.of<Clocks>('clocks').monotonic, uptime() + 7 * day);
      near(seen.of<Clocks>('clocks').boottime, uptime() + 3 * day);
      assert.match(seen.of('read /proc/self/timens_offsets'), /boottime\s+259200\s+5/);
    },
  },
  {
    name: 'exec has the same offsets',
    needs: ['time namespaces'],
    since: '1.2',
    spec: (spec) => {
      spec.linux.namespaces.push({ type: 'time' });
      spec.linux.timeOffsets = { boottime: { secs: 3 * day } };
    },
    run: async (box) => {
      await box.start();
      near((await box.execProbe(['clocks'])).of<Clocks>('clocks').boottime, uptime() + 3 * day);
    },
  },
  {
    name: 'offsets together with a user namespace',
    needs: ['time namespaces'],
    since: '1.2',
    spec: (spec) => {
      userNamespace(spec);
      spec.linux.namespaces.push({ type: 'time' });
      spec.linux.timeOffsets = { boottime: { secs: 3 * day } };
    },
    probe: ['clocks'],
    expect: (seen) => near(seen.of<Clocks>('clocks').boottime, uptime() + 3 * day),
  },
  {
    name: 'offsets without a time namespace are refused',
    since: '1.2',
    spec: (spec) => (spec.linux.timeOffsets = { boottime: { secs: day } }),
    run: refused(/time/i),
  },
  {
    name: 'an offset that goes before the start of the machine is refused',
    needs: ['time namespaces'],
    since: '1.2',
    spec: (spec) => {
      spec.linux.namespaces.push({ type: 'time' });
      spec.linux.timeOffsets = { boottime: { secs: -1_000_000_000 } };
    },
    run: refused(/./),
  },
];
