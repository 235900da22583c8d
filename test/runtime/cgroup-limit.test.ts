import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { eventLine } from '@berth/runtime/cgroup/event-stats';
import { requireFree } from '@berth/runtime/cgroup/join';
import { cgroupFile } from '@berth/runtime/cgroup/layout';
import { Machine, whyNot } from './fixture.ts';
import type { Running } from './fixture.ts';

const skip = whyNot();

describe('limits of a running container, in the kernel', { skip }, () => {
  let machine: Machine;
  let running: Running;

  before(async () => {
    machine = await Machine.open();
    running = await machine.run('trap "echo told" USR1; while true; do sleep 0.1; done', { memory: 64 << 20 });
  });
  after(async () => {
    await running.cgroup.killAll();
    await running.exited;
    await running.cgroup.remove();
    await machine[Symbol.asyncDispose]();
  });

  const value = (file: string) => readFileSync(cgroupFile(machine.layout, running.cgroupPath, file), 'utf8').trim();
  const there = (file: string) => existsSync(cgroupFile(machine.layout, running.cgroupPath, file));

  test('processor: quota, period, burst, shares, idle', async (t) => {
    if (machine.layout.version === 2) return t.skip('the files checked here are those of v1');
    await running.cgroup.update({ cpu: { quota: 50_000, period: 100_000, burst: 20_000, shares: 300 } });
    const files = ['cpu.cfs_quota_us', 'cpu.cfs_period_us', 'cpu.cfs_burst_us', 'cpu.shares'];
    assert.deepEqual(files.map(value), ['50000', '100000', '20000', '300']);
    // The burst must shrink before the quota can, and the period grow after it: no order is right for both.
    await running.cgroup.update({ cpu: { quota: 2_000, period: 10_000, burst: 1_000, idle: 1 } });
    assert.deepEqual(files.slice(0, 3).map(value), ['2000', '10000', '1000']);
    assert.equal(value('cpu.idle'), '1');
    await running.cgroup.update({ cpu: { quota: 400_000, period: 500_000, burst: 300_000, idle: 0 } });
    assert.deepEqual(files.slice(0, 3).map(value), ['400000', '500000', '300000']);
    assert.equal(value('cpu.idle'), '0');
  });

  test('memory: every field at once, and no limit again', async (t) => {
    if (machine.layout.version === 2) return t.skip('the files checked here are those of v1');
    const half = 32n << 20n;
    await running.cgroup.update({
      memory: {
        limit: half,
        swap: half * 2n,
        reservation: half / 2n,
        swappiness: 10,
        kernel: half,
        useHierarchy: true,
      },
    });
    assert.equal(value('memory.limit_in_bytes'), String(half));
    assert.equal(value('memory.soft_limit_in_bytes'), String(half / 2n));
    if (there('memory.memsw.limit_in_bytes')) assert.equal(value('memory.memsw.limit_in_bytes'), String(half * 2n));
    await running.cgroup.update({ memory: { limit: -1 } });
    assert.equal(value('memory.limit_in_bytes'), '9223372036854771712');
    if (there('memory.memsw.limit_in_bytes')) assert.equal(value('memory.memsw.limit_in_bytes'), '9223372036854771712');
  });

  test('block devices', async (t) => {
    const disk = readdirSync('/sys/block')[0];
    if (disk === undefined || !there('blkio.throttle.read_bps_device')) return t.skip('no disk, or no blkio on v1');
    const [major = 0, minor = 0] = readFileSync(`/sys/block/${disk}/dev`, 'utf8').split(':').map(Number);
    const throttleReadBpsDevice = [{ major, minor, rate: 1 << 20 }];
    await running.cgroup.update({ blockIO: { throttleReadBpsDevice } });
    assert.equal(value('blkio.throttle.read_bps_device'), `${major}:${minor} 1048576`);
    if (!there('blkio.bfq.weight')) return t.skip('throttled; no weights without BFQ');
    await running.cgroup.update({ blockIO: { weight: 321, throttleReadBpsDevice: [{ major, minor, rate: 0 }] } });
    assert.match(value('blkio.bfq.weight'), /^(default )?321/);
    assert.equal(value('blkio.throttle.read_bps_device'), '');
  });

  test('what the kernel does not take names the field and the file', async () => {
    await assert.rejects(running.cgroup.update({ cpu: { cpus: '8000' } }), {
      kind: 'invalid_argument',
      message: /^linux\.resources\.cpu\.cpus: write "8000" to .*cpuset\.cpus: E/,
    });
    await assert.rejects(running.cgroup.update({ hugepageLimits: [{ pageSize: '3MB', limit: 0 }] }), {
      kind: 'not_found',
      message: /^linux\.resources\.hugepageLimits\[0\]\.limit: .*hugetlb\.3MB\./,
    });
  });

  test('a signal reaches all in it, and a paused one stays paused', async () => {
    await running.cgroup.freeze();
    await running.cgroup.signalAll('SIGUSR1');
    assert.equal(await running.cgroup.isFrozen(), true);
    assert.doesNotMatch(running.output(), /told/);
    await running.cgroup.thaw();
    for (let tries = 0; !running.output().includes('told'); tries++) {
      assert.ok(tries < 6000, 'the signal did not arrive');
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  });

  test('another container may not be made in it, nor where something lives below', async () => {
    await assert.rejects(requireFree(machine.layout, running.cgroupPath), { code: 'cgroup_not_empty' });
    await assert.rejects(requireFree(machine.layout, machine.parent), { code: 'cgroup_not_empty' });
    const empty = cgroupFile(machine.layout, `${machine.parent}/empty`, 'freezer.x').replace(/\/freezer\.x$/, '');
    mkdirSync(empty);
    await requireFree(machine.layout, `${machine.parent}/empty`);
    rmdirSync(empty);
  });

  test('statistics are whole and printable', async () => {
    const stats = await running.cgroup.eventStats();
    assert.ok(stats.cpu.usage.total > 0n && stats.memory.usage.usage > 0n && stats.pids.current > 0n);
    const printed = JSON.parse(eventLine('stats', 'c', stats)) as { data: { pids: { current: number } } };
    assert.equal(BigInt(printed.data.pids.current), stats.pids.current);
  });
});

describe('a kill for want of memory, in the kernel', { skip }, () => {
  test('is told to who watches, and the watch ends with the cgroup', async () => {
    await using machine = await Machine.open();
    const running = await machine.run('sleep 0.3; head -c 100000000 /dev/zero | tail', { memory: 8 << 20 });
    const seen: number[] = [];
    const watch = (async () => {
      for await (const count of running.cgroup.watchOom(AbortSignal.timeout(120_000))) seen.push(count);
    })();
    await running.exited;
    for (let tries = 0; seen.length === 0 && tries < 3000; tries++)
      await new Promise((resolve) => setTimeout(resolve, 20));
    await running.cgroup.remove();
    await watch;
    assert.ok(seen.length >= 1 && seen[0]! >= 1, JSON.stringify(seen));
  });
});
