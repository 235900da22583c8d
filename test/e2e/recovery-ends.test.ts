import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { whySkipped } from '../harness/engine.ts';
import { isAlive, recoveryEngine, until } from './recovery-engine.ts';

describe('containers while no daemon runs', { skip: whySkipped, timeout: 400_000 }, () => {
  const box = recoveryEngine();
  const deaths = async (id: string) => (await box.events(id)).filter(({ action }) => action === 'die').length;

  test('one that ends is told once, with its own code and time', async () => {
    const id = await box.start('brief', 'while [ ! -e /go ]; do usleep 1000; done; exit 42');
    const { pid } = (await box.inspect(id)).state;
    await box.engine.kill9();
    box.touch(pid, 'go');
    await box.journalled(id);
    const ended = Date.now();
    await sleep(1200);
    await box.engine.launch();
    const { state } = await box.inspect('brief');
    assert.deepEqual([state.status, state.exitCode, state.error], ['exited', 42, '']);
    const finished = Date.parse(state.finishedAt);
    assert.ok(
      finished <= ended && finished > ended - 30_000,
      `${state.finishedAt}, and it was ${new Date(ended).toISOString()}`,
    );
    assert.equal(await deaths(id), 1);
    assert.equal(await box.expect(['wait', 'brief']), '42');
    await box.crash();
    assert.equal(await deaths(id), 0);
    await box.engine.restart();
    assert.equal(await deaths(id), 0);
    assert.deepEqual((await box.inspect('brief')).state, state);
    await box.expect(['start', 'brief']);
    assert.equal(await box.expect(['wait', 'brief']), '42');
    assert.equal(await deaths(id), 1);
  });

  test('one with --rm that ends is removed by the next daemon', async () => {
    const id = await box.start('leaving', 'while [ ! -e /go ]; do usleep 1000; done', ['--rm']);
    const { pid } = (await box.inspect(id)).state;
    await box.engine.kill9();
    box.touch(pid, 'go');
    await box.journalled(id);
    await box.engine.launch();
    await until(async () => (await box.expect(['ps', '-aq'])) === '', 'the removal');
    assert.equal(await deaths(id), 1);
  });

  test('one with --rm that still runs is removed when it ends', async () => {
    const id = await box.start('staying', 'sleep 1000', ['--rm']);
    await box.crash();
    await box.expect(['stop', '-t', '0', id]);
    await until(async () => (await box.expect(['ps', '-aq'])) === '', 'the removal');
  });

  test('a paused one stays paused, and goes on when it is unpaused', async () => {
    await box.start('frozen', 'i=0; while true; do i=$((i+1)); echo $i; usleep 20000; done');
    await box.expect(['pause', 'frozen']);
    await box.crash();
    assert.equal((await box.inspect('frozen')).status, 'paused');
    const before = await box.expect(['logs', 'frozen']);
    await sleep(100);
    assert.equal(await box.expect(['logs', 'frozen']), before);
    await box.expect(['unpause', 'frozen']);
    await box.logged('frozen', `\n${before.split('\n').length + 3}\n`);
    await box.expect(['pause', 'frozen']);
    await box.crash();
    await box.expect(['rm', '-f', 'frozen']);
  });

  test('stop, kill and exec work on what an earlier daemon started', async () => {
    await box.start('polite', 'trap "exit 33" TERM; echo ready; while true; do sleep 0.05; done');
    await box.start('rude', 'sleep 1000');
    await box.logged('polite', 'ready');
    await box.crash();
    assert.equal(await box.expect(['exec', 'polite', 'echo', 'in']), 'in');
    await box.expect(['stop', 'polite']);
    assert.equal(await box.expect(['wait', 'polite']), '33');
    await box.expect(['kill', 'rude']);
    assert.equal(await box.expect(['wait', 'rude']), '137');
  });

  test('a stop goes on after its daemon was killed: a new one can be asked again', async () => {
    const id = await box.start('deaf', 'trap "" TERM; echo ready; while true; do sleep 0.05; done');
    await box.logged('deaf', 'ready');
    const stop = box.berth(['stop', '-t', '60', 'deaf']);
    await until(async () => (await box.client.containers.inspect(id)).status === 'running', 'the container');
    await sleep(200);
    await box.crash();
    assert.equal((await stop).code, 1);
    await box.expect(['stop', '-t', '0', 'deaf']);
    assert.equal((await box.inspect('deaf')).state.exitCode, 137);
  });

  test('twenty are found again, those that ended and those that run', async () => {
    const numbers = Array.from({ length: 20 }, (_, n) => n);
    const script = (n: number) => (n % 2 === 0 ? 'sleep 1000' : `while [ ! -e /go ]; do usleep 5000; done; exit ${n}`);
    const ids = new Map<number, string>();
    for (const n of numbers) ids.set(n, await box.start(`many-${n}`, script(n)));
    const pids = new Map<number, number>();
    for (const n of numbers) pids.set(n, (await box.inspect(`many-${n}`)).state.pid);
    await box.engine.kill9();
    for (const n of numbers) if (n % 2 === 1) box.touch(pids.get(n)!, 'go');
    for (const n of numbers) if (n % 2 === 1) await box.journalled(ids.get(n)!);
    await box.engine.launch();
    for (const n of numbers) {
      const { state } = await box.inspect(`many-${n}`);
      assert.deepEqual([n, state.status, state.exitCode], n % 2 === 0 ? [n, 'running', 0] : [n, 'exited', n]);
      if (n % 2 === 0) assert.ok(state.pid === pids.get(n) && isAlive(state.pid));
    }
    assert.equal((await box.expect(['ps', '-q'])).split('\n').length, 10);
  });
});
