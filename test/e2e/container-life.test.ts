import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { whySkipped } from '../harness/engine.ts';
import { assertFailed, containerEngine } from './container-engine.ts';

/** Says which signals it gets, and ends with 7 of SIGUSR2 alone. */
const stubborn =
  'trap "echo got TERM" TERM; trap "echo got INT" INT; trap "echo got USR1" USR1; trap "exit 7" USR2; ' +
  'echo ready; while :; do sleep 0.02; done';

describe('the life of a container', { skip: whySkipped }, () => {
  const box = containerEngine();

  async function running(name: string, script = stubborn, flags: readonly string[] = []): Promise<void> {
    await box.expect(['run', '-d', '--name', name, ...flags, 'busybox', 'sh', '-c', script]);
    await box.logged(name, 'ready');
  }

  const logs = (name: string) => box.expect(['logs', name]);
  const status = async (name: string) => (await box.inspect(name)).status;

  test('create makes it, start runs it, and it can be started again', async () => {
    const id = await box.expect(['create', '--name', 'twice', 'busybox', 'sh', '-c', 'echo run; exit 4']);
    const created = await box.inspect('twice');
    assert.deepEqual([created.id, created.status, created.state.startedAt], [id, 'created', '']);
    assert.equal(await box.expect(['start', 'twice']), 'twice');
    assert.equal(await box.expect(['wait', 'twice']), '4');
    const { code, stdout } = await box.berth(['start', '-a', 'twice']);
    assert.deepEqual([code, stdout], [4, 'run\n']);
    assert.equal(await logs('twice'), 'run\nrun');
  });

  test('starting what runs is success and changes nothing', async () => {
    await running('once');
    const before = await box.inspect('once');
    await box.expect(['start', 'once']);
    assert.equal((await box.inspect('once')).state.pid, before.state.pid);
  });

  test('start -ai gives the input to the program', async () => {
    await box.expect(['create', '-i', '--name', 'reader', 'busybox', 'sh', '-c', 'cat; exit 5']);
    for (const input of ['first', 'second']) {
      const { code, stdout } = await box.berth(['start', '-ai', 'reader'], { input });
      assert.deepEqual([code, stdout], [5, input]);
    }
  });

  test('stop sends the stop signal once, waits, and then kills', async () => {
    await running('stubborn');
    const began = Date.now();
    assert.equal(await box.expect(['stop', '-t', '1', 'stubborn']), 'stubborn');
    assert.ok(Date.now() - began >= 1000);
    assert.equal(await logs('stubborn'), 'ready\ngot TERM');
    assert.equal((await box.inspect('stubborn')).state.exitCode, 137);
  });

  test('stop ends with the program, long before its time is over', async () => {
    await running('polite', 'trap "exit 3" TERM; echo ready; while :; do sleep 0.02; done');
    const began = Date.now();
    await box.expect(['stop', '-t', '60', 'polite']);
    assert.ok(Date.now() - began < 50_000);
    assert.equal((await box.inspect('polite')).state.exitCode, 3);
  });

  test('stop with no time kills at once, without the stop signal', async () => {
    await running('brief');
    await box.expect(['stop', '-t', '0', 'brief']);
    assert.equal(await logs('brief'), 'ready');
    assert.equal((await box.inspect('brief')).state.exitCode, 137);
  });

  test('several stops at once send one signal, and a later one can only shorten the time', async () => {
    await running('crowd');
    const began = Date.now();
    const long = box.berth(['stop', '-t', '30', 'crowd']);
    await box.logged('crowd', 'got TERM');
    const more = [box.berth(['stop', '-t', '60', 'crowd']), box.berth(['stop', '-t', '1', 'crowd'])];
    const ran = await Promise.all([long, ...more]);
    assert.deepEqual(
      ran.map(({ code }) => code),
      [0, 0, 0],
    );
    assert.ok(Date.now() - began < 28_000);
    assert.equal(await logs('crowd'), 'ready\ngot TERM');
  });

  test('a stop goes on when the client that asked for it goes away', async () => {
    await running('left');
    const gone = new AbortController();
    const asked = box.client.containers.stop('left', { timeout: 1, signal: gone.signal });
    await box.logged('left', 'got TERM');
    gone.abort();
    await assert.rejects(asked);
    assert.equal(await box.expect(['wait', 'left']), '137');
  });

  test('--stop-signal, --stop-timeout and stop -s choose the signal and the time', async () => {
    await running('chosen', stubborn, ['--stop-signal', 'USR2', '--stop-timeout', '50']);
    await box.expect(['stop', 'chosen']);
    assert.equal((await box.inspect('chosen')).state.exitCode, 7);
    await running('other', stubborn, ['--stop-timeout', '1']);
    await box.expect(['stop', '-s', 'USR1', 'other']);
    assert.equal(await logs('other'), 'ready\ngot USR1');
    assertFailed(await box.berth(['create', '--stop-signal', 'WINK', 'busybox']), 1, /invalid signal: WINK/);
  });

  test('a paused container is stopped, by its own signal too', async () => {
    await running('frozen', 'trap "exit 3" TERM; echo ready; while :; do sleep 0.02; done');
    await box.expect(['pause', 'frozen']);
    await box.expect(['stop', '-t', '20', 'frozen']);
    assert.equal((await box.inspect('frozen')).state.exitCode, 3);
  });

  test('stop of what does not run is success; of what is not there, a failure', async () => {
    await box.expect(['create', '--name', 'still', 'busybox']);
    assert.equal(await box.expect(['stop', 'still']), 'still');
    assertFailed(await box.berth(['stop', 'absent']), 1, /no such container: absent/);
  });

  test('kill sends the signal that is named, by name and number', async () => {
    await running('target');
    await box.expect(['kill', '-s', 'INT', 'target']);
    await box.logged('target', 'got INT');
    await box.expect(['kill', '--signal', 'SIGUSR1', 'target']);
    await box.logged('target', 'got USR1');
    await box.expect(['kill', '-s', '15', 'target']);
    await box.logged('target', 'got TERM');
    assertFailed(await box.berth(['kill', '-s', 'NOPE', 'target']), 1, /invalid signal: NOPE/);
    await box.expect(['kill', 'target']);
    assert.equal(await box.expect(['wait', 'target']), '137');
    assertFailed(await box.berth(['kill', 'target']), 1, /target is not running/);
  });

  test('restart stops and starts, and starts what did not run', async () => {
    await running('again', 'trap "exit 0" TERM; echo ready; while :; do sleep 0.02; done');
    const { pid } = (await box.inspect('again')).state;
    assert.equal(await box.expect(['restart', 'again']), 'again');
    const after = await box.inspect('again');
    assert.equal(after.status, 'running');
    assert.notEqual(after.state.pid, pid);
    await box.expect(['stop', '-t', '0', 'again']);
    await box.expect(['restart', 'again']);
    assert.equal(await status('again'), 'running');
  });

  test('rename gives the old name free, and keeps one that is taken', async () => {
    await running('old');
    await box.expect(['rename', 'old', 'new']);
    assert.equal(await status('new'), 'running');
    assertFailed(await box.berth(['stop', 'old']), 1, /no such container: old/);
    await box.expect(['create', '--name', 'old', 'busybox']);
    assertFailed(await box.berth(['rename', 'new', 'old']), 1, /name 'old' is already in use/);
    assertFailed(await box.berth(['rename', 'new', '/']), 1, /invalid container name/);
    assertFailed(await box.berth(['rename', 'absent', 'x1']), 1, /no such container: absent/);
  });

  test('rm refuses what runs or is paused, -f kills it', async () => {
    await running('alive');
    assertFailed(await box.berth(['rm', 'alive']), 1, /container alive is running/);
    await box.expect(['pause', 'alive']);
    assertFailed(await box.berth(['rm', 'alive']), 1, /container alive is paused/);
    assert.equal(await box.expect(['rm', '-f', 'alive']), 'alive');
    assertFailed(await box.berth(['rm', 'alive']), 1, /no such container: alive/);
    assert.equal((await box.berth(['rm', '-f', 'alive'])).code, 0);
  });

  test('several targets: each is tried, the failures are told', async () => {
    await box.expect(['create', '--name', 'one', 'busybox']);
    await box.expect(['create', '--name', 'three', 'busybox']);
    const { code, stdout, stderr } = await box.berth(['rm', 'one', 'two', 'three']);
    assert.deepEqual([code, stdout], [1, 'one\nthree\n']);
    assert.match(stderr, /no such container: two/);
  });

  test('an id may be given short, unless several begin so', async () => {
    const id = await box.expect(['create', 'busybox']);
    assert.equal((await box.inspect(id.slice(0, 6))).id, id);
    // The first few may all be digits, which have no capitals.
    assertFailed(await box.berth(['start', id.slice(0, 48).toUpperCase()]), 1, /no such container/);
  });

  test('wait has conditions: not running, next exit, removed', async () => {
    await box.expect(['create', '--name', 'waited', 'busybox', 'sh', '-c', 'exit 6']);
    const { containers } = box.client;
    assert.deepEqual(await containers.wait('waited', 'not-running'), { exitCode: 0 });
    const next = containers.wait('waited', 'next-exit');
    const removed = containers.wait('waited', 'removed');
    await sleep(100);
    await containers.start('waited');
    assert.deepEqual(await next, { exitCode: 6 });
    assert.equal(await Promise.race([removed, sleep(50, 'waiting')]), 'waiting');
    await containers.remove('waited');
    assert.deepEqual(await removed, { exitCode: 6 });
    await assert.rejects(containers.wait('waited'), { kind: 'not_found' });
  });

  test('a client that waits and goes away is forgotten', async () => {
    await running('patient');
    const gone = new AbortController();
    const waiting = box.client.containers.wait('patient', 'next-exit', { signal: gone.signal });
    await sleep(50);
    gone.abort();
    await assert.rejects(waiting);
  });

  test('pause freezes and unpause goes on; twice is a failure', async () => {
    await running('counting', 'echo ready; n=0; while :; do n=$((n+1)); echo $n; sleep 0.01; done');
    await box.expect(['pause', 'counting']);
    assert.equal(await status('counting'), 'paused');
    assert.match(await box.expect(['ps', '--format', '{{.Status}}']), /\(Paused\)$/);
    assertFailed(await box.berth(['pause', 'counting']), 1, /already paused/);
    const before = await logs('counting');
    await sleep(100);
    assert.equal(await logs('counting'), before);
    await box.expect(['unpause', 'counting']);
    assert.equal(await status('counting'), 'running');
    assertFailed(await box.berth(['unpause', 'counting']), 1, /is not paused/);
    await box.logged('counting', String(before.split('\n').length + 5));
    assertFailed(await box.berth(['pause', 'absent']), 1, /no such container: absent/);
  });

  test('a paused container is killed', async () => {
    await running('iced');
    await box.expect(['pause', 'iced']);
    await box.expect(['kill', 'iced']);
    assert.equal(await box.expect(['wait', 'iced']), '137');
  });

  test('what is left running by the first program is ended with it', async () => {
    const script = 'sleep 1000 & (setsid sleep 1001 >/dev/null 2>&1 &) ; echo ready';
    assert.equal((await box.sh(script)).code, 0);
  });

  test('start, stop and rm of one container at once end in one of the orders', async () => {
    for (let round = 0; round < 5; round++) {
      await box.expect(['create', '--name', 'storm', 'busybox', 'sleep', '1000']);
      const { containers } = box.client;
      const calls = [
        containers.start('storm'),
        containers.stop('storm', { timeout: 0 }),
        containers.remove('storm', { force: true }),
        containers.start('storm'),
      ];
      const kinds = (await Promise.allSettled(calls)).map((result) =>
        result.status === 'rejected' ? (result.reason as { kind: string }).kind : 'done',
      );
      for (const kind of kinds) assert.ok(['done', 'not_found', 'failed_precondition'].includes(kind), kind);
      await box.expect(['rm', '-f', 'storm']);
    }
  });
});
