import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, before, describe, test } from 'node:test';
import { isKind } from '@berth/model/error';
import { cgroupFolders } from '@berth/runtime/cgroup/layout';
import { Machine, whyNot } from './fixture.ts';
import type { Running } from './fixture.ts';

const skip = whyNot();
let machine: Machine;

before(async () => {
  if (skip === undefined) machine = await Machine.open();
});

after(async () => {
  await machine?.[Symbol.asyncDispose]();
});

async function end({ shim, exited, cgroup }: Running): Promise<void> {
  await shim.signal(0, 9).catch(() => undefined);
  await exited;
  await cgroup.remove();
}

describe('the cgroup of a running container', { skip }, () => {
  test('has the limits of the spec, and says what is used', async () => {
    const running = await machine.run('sleep 60', { memory: 64 << 20, pidsLimit: 50, nanoCpus: 5e8 });
    const stats = await running.cgroup.stats();
    assert.equal(stats.memory.limit, 64 << 20);
    assert.deepEqual(stats.pids, { current: 1, limit: 50 });
    assert.ok(stats.cpu.usage > 0 && stats.memory.usage > 0);
    assert.equal((await running.cgroup.pids()).length, 1);
    assert.deepEqual(await running.cgroup.pids(), [running.started.pid]);
    await end(running);
  });

  test('a processor quota throttles', async () => {
    const running = await machine.run('while true; do true; done', { nanoCpus: 2e8 });
    await sleep(700);
    const { cpu } = await running.cgroup.stats();
    assert.ok(cpu.throttledPeriods > 1 && cpu.throttled > 0, JSON.stringify(cpu));
    assert.ok(cpu.usage < 500e6, `${cpu.usage} ns in 700 ms`);
    await end(running);
  });

  test('limits change in either direction while it runs', async () => {
    const running = await machine.run('sleep 60', { memory: 64 << 20 });
    await running.cgroup.update({
      memory: { limit: 256 << 20, swap: 512 << 20 },
      cpu: { period: 50_000, quota: 10_000 },
    });
    assert.equal((await running.cgroup.stats()).memory.limit, 256 << 20);
    await running.cgroup.update({
      memory: { limit: 32 << 20, swap: 32 << 20 },
      cpu: { period: 100_000, quota: -1 },
    });
    assert.equal((await running.cgroup.stats()).memory.limit, 32 << 20);
    await assert.rejects(running.cgroup.update({ cpu: { cpus: '900' } }), (error) => isKind(error, 'invalid_argument'));
    await end(running);
  });

  test('a container that takes too much memory is killed, and the kill is counted', async () => {
    const running = await machine.run('head -c 64m /dev/zero | grep x', {
      memory: 8 << 20,
      memorySwap: 8 << 20,
    });
    await running.exited;
    assert.ok((await running.cgroup.oomKills()) >= 1);
    await running.cgroup.remove();
    assert.equal(await running.cgroup.oomKills(), 0);
  });

  test('frozen processes stand still until they are thawed', async () => {
    const running = await machine.run('while true; do true; done');
    await running.cgroup.freeze();
    const { usage } = (await running.cgroup.stats()).cpu;
    await sleep(100);
    assert.equal((await running.cgroup.stats()).cpu.usage, usage);
    await running.cgroup.thaw();
    for (let tries = 0; (await running.cgroup.stats()).cpu.usage <= usage; tries++) {
      assert.ok(tries < 1000, 'it does not go on');
      await sleep(50);
    }
    await end(running);
  });

  test('all processes are killed, those of a fork storm too', async () => {
    const running = await machine.run("sh -c 'while true; do sleep 60 & done' 2>/dev/null & exec sleep 60", {
      pidsLimit: 40,
    });
    await sleep(50);
    await running.cgroup.killAll();
    assert.equal((await running.exited).code, 137);
    await running.cgroup.remove();
  });

  test('is removed with all below it, twice if need be, but not while it is used', async () => {
    const running = await machine.run('mkdir -p /sys/fs/cgroup/memory/a/b; sleep 60', { privileged: true });
    await assert.rejects(running.cgroup.remove(), { kind: 'failed_precondition', code: 'cgroup_busy' });
    await end(running);
    await running.cgroup.remove();
    const folders = cgroupFolders(machine.layout, running.cgroupPath);
    assert.deepEqual(
      folders.filter((folder) => existsSync(folder)),
      [],
    );
  });
});
