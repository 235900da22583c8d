import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { whySkipped } from '../harness/engine.ts';
import { processesOf } from '../harness/process-table.ts';
import { assertFailed, containerEngine } from './container-engine.ts';

/** Where a limit is, seen from inside: the files of both versions. */
const memoryFile = 'cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null; true';
const quotaFile = 'cd /sys/fs/cgroup; cat cpu/cpu.cfs_quota_us cpu/cpu.cfs_period_us cpu.max 2>/dev/null; true';
const pidsFile = 'cat /sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/pids.max 2>/dev/null; true';

describe('limits of a container', { skip: whySkipped }, () => {
  const box = containerEngine();

  test('limits are seen from inside', async () => {
    const script = [memoryFile, quotaFile, pidsFile].join('; ');
    const flags = ['--memory', '32m', '--cpus', '0.5', '--pids-limit', '20'];
    const lines = (await box.print(script, flags)).split(/\s+/);
    assert.deepEqual(lines, ['33554432', '50000', '100000', '20']);
  });

  test('--memory: the kernel kills, 137 is told, inspect and an event say why', async () => {
    const events: string[] = [];
    const stop = new AbortController();
    const listening = (async () => {
      for await (const { action } of box.client.events({ signal: stop.signal })) events.push(action);
    })().catch(() => undefined);
    // A variable grows in the shell itself, without files.
    const grow = 'x=aaaaaaaaaaaaaaaa; while :; do x=$x$x; done';
    const flags = ['--name', 'greedy', '--memory', '16m', '--memory-swap', '16m'];
    const { code } = await box.berth(['run', ...flags, 'busybox', 'sh', '-c', grow]);
    assert.equal(code, 137);
    const [state] = JSON.parse(await box.expect(['inspect', 'greedy'])) as [{ State: Record<string, unknown> }];
    assert.deepEqual([state.State['OOMKilled'], state.State['ExitCode']], [true, 137]);
    stop.abort();
    await listening;
    assert.deepEqual(
      events.filter((action) => action !== 'attach'),
      ['create', 'start', 'oom', 'die'],
    );
    assert.match(await box.expect(['ps', '-a', '--format', '{{.Status}}']), /^Exited \(137\)/);
  });

  test('a child that is killed for memory does not make the container’s end one', async () => {
    const script = 'tail /dev/zero; echo child $?';
    const { stdout, code } = await box.berth([
      'run',
      '--name',
      'parent',
      '--memory',
      '16m',
      '--memory-swap',
      '16m',
      'busybox',
      'sh',
      '-c',
      script,
    ]);
    assert.deepEqual([code, stdout], [0, 'child 137\n']);
  });

  test('an OOM kill in an earlier run is not told of a later one', async () => {
    const script = '[ -e /second ] && exit 3; touch /second; exec tail /dev/zero';
    const flags = ['--name', 'twice', '--memory', '16m', '--memory-swap', '16m'];
    assert.equal((await box.berth(['run', ...flags, 'busybox', 'sh', '-c', script])).code, 137);
    assert.equal((await box.inspect('twice')).state.oomKilled, true);
    assert.equal((await box.berth(['start', '-a', 'twice'])).code, 3);
    assert.equal((await box.inspect('twice')).state.oomKilled, false);
  });

  test('--pids-limit bounds a fork bomb, which is ended with the container', async () => {
    const script = '(while :; do sleep 1000 & done) 2>/dev/null; echo full; exec sleep 1000';
    await box.expect(['run', '-d', '--name', 'bomb', '--pids-limit', '30', 'busybox', 'sh', '-c', script]);
    await box.logged('bomb', 'full');
    const { cgroupPath } = await box.inspect('bomb');
    const inside = () => processesOf(box.engine).filter(({ cgroups }) => cgroups.includes(cgroupPath)).length;
    assert.ok(inside() >= 25 && inside() <= 30, `${inside()} processes`);
    await box.expect(['rm', '-f', 'bomb']);
    assert.equal(inside(), 0);
  });

  test('--cpus holds a busy loop back', async () => {
    await box.expect(['run', '-d', '--name', 'busy', '--cpus', '0.2', 'busybox', 'sh', '-c', 'while :; do :; done']);
    const sample = async () => {
      for await (const one of box.client.containers.stats('busy')) return one;
      throw new Error('no sample');
    };
    const first = await sample();
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const second = await sample();
    const share = (second.cpuUsage - first.cpuUsage) / 1e6 / (Date.parse(second.readAt) - Date.parse(first.readAt));
    assert.ok(share < 0.35, `used ${share} of a core`);
    assert.ok(second.throttledPeriods > 0);
  });

  test('--memory without a word about swap allows as much swap again', async () => {
    const file =
      'cat /sys/fs/cgroup/memory/memory.memsw.limit_in_bytes 2>/dev/null || cat /sys/fs/cgroup/memory.swap.max';
    const text = await box.print(file, ['--memory', '16m']).catch(() => '');
    // Where the kernel does not account for swap there is no such file.
    if (text !== '') assert.ok(['33554432', '16777216'].includes(text), text);
  });

  test('--ulimit sets soft and hard limits', async () => {
    const flags = ['--ulimit', 'nofile=123:456', '--ulimit', 'core=0'];
    assert.equal(await box.print('ulimit -Sn; ulimit -Hn; ulimit -c', flags), '123\n456\n0');
    assertFailed(await box.sh('', ['--ulimit', 'nofile=5:4']), 125, /soft limit of nofile is above the hard one/);
    assertFailed(await box.sh('', ['--ulimit', 'wings=2']), 125, /unknown ulimit 'wings'/);
  });

  test('--shm-size, --oom-score-adj and --cpuset-cpus take effect', async () => {
    const flags = ['--shm-size', '1m', '--oom-score-adj', '321', '--cpuset-cpus', '0'];
    const script = 'df -k /dev/shm | tail -1 | tr -s " " | cut -d" " -f2; cat /proc/self/oom_score_adj; nproc';
    assert.equal(await box.print(script, flags), '1024\n321\n1');
  });

  test('limits that cannot be are refused with their name', async () => {
    assertFailed(await box.sh('', ['--memory', 'lots']), 125, /invalid size: 'lots'/);
    assertFailed(await box.sh('', ['--memory', '1m']), 125, /memory limit of 1048576 bytes is too low/);
    assertFailed(await box.sh('', ['--cpus', '-1']), 125, /'-1' is not a number of cores/);
    assertFailed(await box.sh('', ['--cpus', '1000']), 125, /1000 cpus are out of range/);
    assertFailed(await box.sh('', ['--cpuset-cpus', '999']), 125, /999/);
    assertFailed(await box.sh('', ['--pids-limit', 'many']), 125, /many/);
    assertFailed(await box.sh('', ['--memory', '64m', '--memory-swap', '32m']), 125, /memory and swap is below/);
    assertFailed(await box.sh('', ['--memory-swap', '32m']), 125, /limit of swap needs one of memory/);
    assertFailed(await box.sh('', ['--memory', '8m', '--memory-reservation', '9m']), 125, /reservation is above/);
  });

  test('what a container may use is not what the host has left of it', async () => {
    await box.expect(['run', '-d', '--name', 'limited', '--memory', '64m', 'busybox', 'sleep', '1000']);
    const { cgroupPath } = await box.inspect('limited');
    const files = [
      `/sys/fs/cgroup/memory${cgroupPath}/memory.limit_in_bytes`,
      `/sys/fs/cgroup${cgroupPath}/memory.max`,
    ];
    const found = files.flatMap((file) => {
      try {
        return [readFileSync(file, 'utf8').trim()];
      } catch {
        return [];
      }
    });
    assert.deepEqual(found, ['67108864']);
  });
});
