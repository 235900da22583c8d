import { strict as assert } from 'node:assert';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Box } from '../suite/box.ts';
import type { Case } from '../suite/case.ts';
import { refused } from '../suite/refusal.ts';
import { withoutNamespace } from '../suite/spec.ts';

let made = 0;

/** A pair of connected devices; the second stays on the host. */
async function withPair(use: (name: string) => Promise<void>): Promise<void> {
  const name = `bt${process.pid % 10_000}x${made++}`;
  execFileSync('ip', ['link', 'add', name, 'type', 'veth', 'peer', 'name', `${name}p`]);
  try {
    await use(name);
  } finally {
    // With the container's namespace its end goes, and this one with it: at a moment that the kernel chooses.
    spawnSync('ip', ['link', 'del', `${name}p`], { stdio: 'ignore' });
    assert.ok(!existsSync(`/sys/class/net/${name}p`), `${name}p is gone`);
  }
}

type Interfaces = Readonly<Record<string, number>>;
const run =
  (judge: (box: Box, name: string) => Promise<void>): Case['run'] =>
  (box) =>
    withPair((name) => judge(box, name));

export const cases: readonly Case[] = [
  {
    name: 'a device is moved into the container',
    needs: ['ip'],
    since: '1.4',
    run: run(async (box, name) => {
      box.spec.linux.netDevices = { [name]: {} };
      const seen = (await box.probe(['interfaces'])).of<Interfaces>('interfaces');
      assert.deepEqual(Object.keys(seen).toSorted(), [name, 'lo'].toSorted());
    }),
  },
  {
    name: 'a device gets another name',
    needs: ['ip'],
    since: '1.4',
    run: run(async (box, name) => {
      box.spec.linux.netDevices = { [name]: { name: 'inside0' } };
      const seen = (await box.probe(['interfaces'])).of<Interfaces>('interfaces');
      assert.ok('inside0' in seen, JSON.stringify(seen));
    }),
  },
  {
    name: 'a device keeps its address and is up',
    needs: ['ip'],
    since: '1.4',
    run: run(async (box, name) => {
      execFileSync('ip', ['address', 'add', '10.123.45.6/24', 'dev', name]);
      execFileSync('ip', ['link', 'set', name, 'up']);
      box.spec.linux.netDevices = { [name]: { name: 'eth0' } };
      const seen = await box.probe(['interfaces', 'read /proc/net/fib_trie']);
      assert.equal(seen.of<Interfaces>('interfaces')['eth0']! & 1, 1);
      assert.match(seen.of('read /proc/net/fib_trie'), /10\.123\.45\.6/);
    }),
  },
  {
    name: 'a device that does not exist is refused',
    since: '1.4',
    spec: (spec) => (spec.linux.netDevices = { nosuchdev0: {} }),
    run: refused(/nosuchdev0/),
  },
  {
    name: 'a device without a network namespace is refused',
    since: '1.4',
    spec: (spec) => {
      withoutNamespace(spec, 'network');
      spec.mounts = spec.mounts.filter(({ destination }) => destination !== '/sys');
      spec.linux.netDevices = { nosuchdev0: {} };
    },
    run: refused(/net/i),
  },
  {
    name: 'a name that is no name of a device is refused',
    since: '1.4',
    spec: (spec) => (spec.linux.netDevices = { 'a/b': {} }),
    run: refused(/a\/b|netDevices|network device/i),
  },
];
