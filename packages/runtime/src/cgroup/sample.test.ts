import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { CgroupLayout } from './layout.ts';
import { keyedValue } from './read-now.ts';
import { sampleCgroup } from './sample.ts';

// Files as machines of both kinds have them, below a folder of the test's own.
let base: string;

function put(files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(base, name)), { recursive: true });
    writeFileSync(join(base, name), text);
  }
}

const v2 = (): CgroupLayout => ({ version: 2, hierarchies: [], unified: base, controllers: [] });
const v1 = (): CgroupLayout => ({
  version: 1,
  controllers: [],
  hierarchies: ['cpu', 'cpuacct', 'memory', 'pids'].map((name) => ({
    mountPoint: join(base, name),
    controllers: [name],
  })),
});

const psi = (total: number) =>
  `some avg10=1.50 avg60=0.25 avg300=0.05 total=${total}\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=7\n`;

describe('a sample of a cgroup', () => {
  beforeEach(() => (base = mkdtempSync(join(tmpdir(), 'berth-sample-'))));
  afterEach(() => rmSync(base, { recursive: true, force: true }));

  test('of v2 has what the kernel counts there, pressure included', () => {
    put({
      'c/cpu.stat': 'usage_usec 1234567\nuser_usec 1000000\nsystem_usec 234567\nnice_usec 0\n',
      'c/memory.current': '52428800\n',
      'c/memory.max': '104857600\n',
      'c/memory.stat':
        'anon 1048576\nfile 2097152\ninactive_anon 5\ninactive_file 524288\npgfault 4321\npgmajfault 12\n',
      'c/memory.swap.current': '4096\n',
      'c/memory.swap.max': 'max\n',
      'c/pids.current': '9\n',
      'c/cpu.pressure': psi(99),
      'c/memory.pressure': psi(88),
      'c/io.pressure': psi(77),
    });
    const sample = sampleCgroup(v2(), '/c');
    assert.equal(sample?.cpu, 1_234_567_000n);
    assert.deepEqual(sample.memory, {
      usage: 52_428_800n,
      limit: 104_857_600n,
      inactiveFile: 524_288n,
      anonymous: 1_048_576n,
      pageFaults: 4321n,
      majorPageFaults: 12n,
    });
    assert.deepEqual(sample.swap, { usage: 4096n });
    assert.equal(sample.tasks, 9n);
    assert.deepEqual(sample.pressure?.cpu, {
      some: { avg10: 1.5, avg60: 0.25, avg300: 0.05, total: 99n },
      full: { avg10: 0, avg60: 0, avg300: 0, total: 7n },
    });
    assert.deepEqual([sample.pressure.memory?.some.total, sample.pressure.io?.some.total], [88n, 77n]);
  });

  test('of v2 without controllers and without PSI still has its processor time', () => {
    put({ 'c/cpu.stat': 'usage_usec 5\n' });
    const sample = sampleCgroup(v2(), '/c');
    assert.deepEqual([sample?.cpu, sample?.memory.usage, sample?.memory.limit], [5000n, 0n, undefined]);
    assert.deepEqual([sample?.swap, sample?.pressure], [undefined, {}]);
  });

  test('of v1 counts the cgroups below, and swap as what both limits differ in', () => {
    put({
      'cpuacct/c/cpuacct.usage': '987654321\n',
      'memory/c/memory.usage_in_bytes': '8192\n',
      'memory/c/memory.limit_in_bytes': '1048576\n',
      'memory/c/memory.memsw.limit_in_bytes': '3145728\n',
      'memory/c/memory.stat':
        'rss 1\npgfault 2\ntotal_rss 4096\ntotal_swap 512\ntotal_inactive_file 1024\ntotal_pgfault 33\ntotal_pgmajfault 3\n',
      'pids/c/pids.current': '2\n',
    });
    const sample = sampleCgroup(v1(), '/c');
    assert.deepEqual(sample, {
      cpu: 987_654_321n,
      memory: {
        usage: 8192n,
        limit: 1_048_576n,
        inactiveFile: 1024n,
        anonymous: 4096n,
        pageFaults: 33n,
        majorPageFaults: 3n,
      },
      swap: { usage: 512n, limit: 2_097_152n },
      tasks: 2n,
    });
  });

  test('of v1 has no limit where the kernel shows the largest number', () => {
    put({
      'cpuacct/c/cpuacct.usage': '1\n',
      'memory/c/memory.limit_in_bytes': '9223372036854771712\n',
      'memory/c/memory.stat': 'cache 0\n',
    });
    const sample = sampleCgroup(v1(), '/c');
    assert.deepEqual([sample?.memory.limit, sample?.swap], [undefined, undefined]);
  });

  test('of a cgroup that is gone is none', () => {
    assert.equal(sampleCgroup(v1(), '/gone'), undefined);
    assert.equal(sampleCgroup(v2(), '/gone'), undefined);
  });
});

test('a key is found as a whole word at the start of a line', () => {
  const text = 'anon 1\ninactive_anon 2\nfile 3';
  assert.deepEqual(
    ['anon', 'inactive_anon', 'file', 'non', 'absent'].map((key) => keyedValue(text, key)),
    [1n, 2n, 3n, 0n, 0n],
  );
});
