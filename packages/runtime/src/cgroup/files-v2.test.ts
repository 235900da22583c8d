import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { ContainerCgroup } from './container-cgroup.ts';
import type { CgroupLayout } from './layout.ts';

// Real files of a v2 machine under a temp folder: this machine's controllers are all on v1.
let base: string;
let layout: CgroupLayout;
let cgroup: ContainerCgroup;

/** Hooks of a file alone would run for every test of the process. */
function useFolder(): void {
  beforeEach(() => {
    base = mkdtempSync(join(tmpdir(), 'berth-cgroup-'));
    layout = { version: 2, hierarchies: [], unified: base, controllers: ['memory'] };
    cgroup = new ContainerCgroup(layout, '/c');
    mkdirSync(join(base, 'c'));
  });

  afterEach(() => rmSync(base, { recursive: true, force: true }));
}

const put = (name: string, text: string) => writeFileSync(join(base, 'c', name), text);
const get = (name: string) => readFileSync(join(base, 'c', name), 'utf8');

describe('a v2 cgroup', () => {
  useFolder();
  test('usage is read into the words that v1 has too', async () => {
    put(
      'cpu.stat',
      'usage_usec 1500\nuser_usec 1000\nsystem_usec 500\nnr_periods 9\nnr_throttled 2\nthrottled_usec 7\n',
    );
    put('memory.current', '4096\n');
    put('memory.max', 'max\n');
    put('memory.stat', 'anon 1024\nfile 2048\ninactive_file 512\n');
    put('memory.events', 'low 0\nhigh 0\nmax 3\noom 1\noom_kill 1\n');
    put('pids.current', '4\n');
    put('pids.max', '100\n');
    put('io.stat', '8:0 rbytes=10 wbytes=20 rios=1 wios=2 dbytes=0 dios=0\n');
    const stats = await cgroup.stats();
    assert.deepEqual(stats.cpu, {
      usage: 1_500_000,
      user: 1_000_000,
      system: 500_000,
      periods: 9,
      throttledPeriods: 2,
      throttled: 7000,
    });
    assert.equal(stats.memory.limit, undefined);
    assert.deepEqual([stats.memory.usage, stats.memory.inactiveFile, stats.memory.failures], [4096, 512, 3]);
    assert.deepEqual(stats.pids, { current: 4, limit: 100 });
    assert.deepEqual(stats.io, [{ major: 8, minor: 0, readBytes: 10, writeBytes: 20, reads: 1, writes: 2 }]);
    assert.equal(await cgroup.oomKills(), 1);
  });

  test('a cgroup that is gone uses nothing, has no processes and is removed already', async () => {
    rmSync(join(base, 'c'), { recursive: true });
    assert.equal((await cgroup.stats()).memory.usage, 0);
    assert.deepEqual(await cgroup.pids(), []);
    assert.equal(await cgroup.oomKills(), 0);
    await cgroup.remove();
    await cgroup.killAll();
  });

  test('freezing waits for the event', async () => {
    put('cgroup.freeze', '0');
    put('cgroup.events', 'populated 1\nfrozen 0\n');
    setTimeout(() => put('cgroup.events', 'populated 1\nfrozen 1\n'), 20);
    await cgroup.freeze();
    assert.equal(get('cgroup.freeze'), '1');
    await cgroup.thaw();
    assert.equal(get('cgroup.freeze'), '0');
  });

  test('that is gone has nothing to thaw or to kill', async () => {
    rmSync(join(base, 'c'), { recursive: true });
    await cgroup.thaw();
    await cgroup.killAll();
  });

  test('killing is one write where the kernel has it', async () => {
    put('cgroup.kill', '');
    await cgroup.killAll();
    assert.equal(get('cgroup.kill'), '1');
  });

  test('processes are those of the cgroup and all below it', async () => {
    mkdirSync(join(base, 'c', 'below'));
    put('cgroup.procs', '12\n13\n0\n');
    put('below/cgroup.procs', '14\n');
    assert.deepEqual((await cgroup.pids()).toSorted(), [12, 13, 14]);
  });

  test('an update writes limits, and names the file that is not there', async () => {
    put('memory.max', '');
    await cgroup.update({ memory: { limit: 4096 } });
    assert.equal(get('memory.max'), '4096');
    await assert.rejects(cgroup.update({ pids: { limit: 1 } }), { kind: 'not_found', code: 'cgroup_write' });
  });

  test('an update leaves what it does not speak of', async () => {
    put('cpu.max', '20000 100000');
    await cgroup.update({ cpu: { period: 200_000 } });
    assert.equal(get('cpu.max'), '20000 200000');
    put('memory.max', '4096\n');
    put('memory.swap.max', '');
    await cgroup.update({ memory: { swap: 8192 } });
    assert.equal(get('memory.swap.max'), '4096');
  });

  test('a limit below what is in use is refused on demand, before anything is written', async () => {
    put('memory.max', 'max\n');
    put('memory.current', '8192\n');
    const memory = { limit: 4096, checkBeforeUpdate: true };
    await assert.rejects(cgroup.update({ memory, pids: { limit: 5 } }), {
      kind: 'failed_precondition',
      code: 'memory_in_use',
      message: /memory\.limit/,
    });
    assert.equal(get('memory.max'), 'max\n');
    await assert.rejects(cgroup.update({ memory: { ...memory, limit: 9000, swap: 9000 }, pids: { limit: 5 } }), {
      message: /linux\.resources\.pids\.limit: write "5" to .*pids\.max: ENOENT/,
    });
  });

  test('a swap limit that the kernel cannot count is passed over', async () => {
    put('memory.max', '');
    await cgroup.update({ memory: { limit: 4096, swap: 8192 } });
  });
});
