import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { whySkipped } from '../harness/engine.ts';
import { eventPatience } from '../harness/patience.ts';
import { processesOf } from '../harness/process-table.ts';
import { assertFailed, containerEngine } from './container-engine.ts';

describe('berth exec', { skip: whySkipped }, () => {
  const box = containerEngine();

  async function sleeper(name: string, flags: readonly string[] = []): Promise<void> {
    await box.expect(['run', '-d', '--name', name, ...flags, 'busybox', 'sleep', '1000']);
  }

  const sh = (name: string, script: string, flags: readonly string[] = []) =>
    box.berth(['exec', ...flags, name, 'sh', '-c', script]);

  test('the exit code is the command’s own, streams stay apart', async () => {
    await sleeper('codes');
    for (const code of [0, 7, 255]) assert.equal((await sh('codes', `exit ${code}`)).code, code);
    assert.equal((await sh('codes', 'kill -9 $$')).code, 137);
    const { stdout, stderr } = await sh('codes', 'echo out; echo err >&2; printf end');
    assert.deepEqual([stdout, stderr], ['out\nend', 'err\n']);
  });

  test('126 and 127 tell what cannot be begun, with one line', async () => {
    await sleeper('begin');
    assertFailed(await box.berth(['exec', 'begin', 'absent']), 127, /no such program absent/);
    assertFailed(await box.berth(['exec', 'begin', '/etc/passwd']), 126, /cannot run \/etc\/passwd/);
    assertFailed(await sh('begin', 'true', ['-w', '/absent']), 126, /working folder \/absent does not exist/);
    assertFailed(await sh('begin', 'true', ['-u', 'ghost']), 126, /unknown user ghost/);
    assertFailed(await box.berth(['exec', 'begin']), 1, /at least 2 arguments/);
  });

  test('-i gives the input to its end', async () => {
    await sleeper('input');
    const input = 'y'.repeat(500_000);
    const { stdout } = await box.berth(['exec', '-i', 'input', 'sh', '-c', 'wc -c; echo more'], { input });
    assert.equal(stdout, '500000\nmore\n');
    const echoed = await box.berth(['exec', '-i', 'input', 'cat'], { input });
    assert.equal(echoed.stdout, input);
    assert.equal((await box.berth(['exec', 'input', 'cat'], { input })).stdout, '');
  });

  test('-e, --env-file, -w and -u are the command’s own; the rest is the container’s', async () => {
    await sleeper('own', ['-e', 'A=container', '-e', 'B=container', '-w', '/tmp', '-u', 'app']);
    const { stdout: inherited } = await sh('own', 'echo $A $B; pwd; id -u; echo $HOME');
    assert.equal(inherited, 'container container\n/tmp\n1000\n/home\n');
    const file = box.file('env', 'C=file\n');
    const flags = ['-e', 'A=exec', '--env-file', file, '-w', '/etc', '-u', 'root:video'];
    const { stdout } = await sh('own', 'echo $A $B $C; pwd; id -u; id -g; echo $HOME', flags);
    assert.equal(stdout, 'exec container file\n/etc\n0\n44\n/root\n');
    const { stdout: numbers } = await sh('own', 'id -u; id -g; id -G', ['-u', '4321:8765']);
    assert.equal(numbers, '4321\n8765\n8765\n');
  });

  test('it has the container’s namespaces, cgroup, capabilities and filter', async () => {
    await sleeper('same', ['--cap-drop', 'CHOWN', '--memory', '64m', '--security-opt', 'no-new-privileges']);
    const { state, cgroupPath } = await box.inspect('same');
    const script =
      'for n in mnt net pid ipc uts cgroup; do readlink /proc/self/ns/$n; readlink /proc/1/ns/$n; done; ' +
      'grep -E "CapEff|CapBnd|Seccomp:|NoNewPrivs" /proc/self/status; grep -E "CapEff|CapBnd|Seccomp:|NoNewPrivs" /proc/1/status';
    const lines = (await sh('same', script)).stdout.trimEnd().split('\n');
    for (let n = 0; n < 12; n += 2) assert.equal(lines[n], lines[n + 1]);
    assert.deepEqual(lines.slice(12, 16), lines.slice(16));
    assert.match(lines.join('\n'), /Seccomp:\t2/);
    await box.expect(['exec', '-d', 'same', 'sleep', '4242']);
    const found = processesOf(box.engine).filter(({ command }) => command === 'sleep 4242');
    assert.equal(found.length, 1);
    assert.equal(found[0]!.cgroups, readFileSync(`/proc/${state.pid}/cgroup`, 'utf8'));
    assert.ok(found[0]!.cgroups.includes(cgroupPath));
  });

  test('--privileged has all capabilities, in a container that has not', async () => {
    await sleeper('plain');
    const caps = 'grep CapEff /proc/self/status | cut -f2';
    const all = (await sh('plain', caps, ['--privileged'])).stdout.trim();
    const some = (await sh('plain', caps)).stdout.trim();
    assert.equal(some, '00000000a80425fb');
    assert.ok(BigInt(`0x${all}`) > 0xff_ffff_ffffn, all);
  });

  test('-d returns at once; the command goes on, and its end is known', async () => {
    await sleeper('back');
    assert.equal(await box.expect(['exec', '-d', 'back', 'sh', '-c', 'echo done > /tmp/mark; sleep 1000']), '');
    const { stdout } = await sh('back', 'until [ -s /tmp/mark ]; do sleep 0.01; done; cat /tmp/mark');
    assert.equal(stdout, 'done\n');
    assert.equal((await box.inspect('back')).execs.length, 1);
    const { exec } = box.client;
    const { id } = await exec.create('back', { command: ['sh', '-c', 'exit 9'] });
    await exec.start(id);
    let detail = await exec.inspect(id);
    while (detail.running) detail = await exec.inspect(id);
    assert.equal(detail.exitCode, 9);
    await assert.rejects(exec.start(id), { code: 'exec_started' });
    await assert.rejects(exec.inspect('absent'), { kind: 'not_found' });
    assertFailed(await box.berth(['exec', '-d', 'back', 'absent']), 127, /no such program absent/);
  });

  test('what does not run, is paused or not there has no exec', async () => {
    await box.expect(['create', '--name', 'off', 'busybox']);
    assertFailed(await box.berth(['exec', 'off', 'true']), 1, /container off is not running/);
    await sleeper('iced');
    await box.expect(['pause', 'iced']);
    assertFailed(await box.berth(['exec', 'iced', 'true']), 1, /container iced is paused/);
    assertFailed(await box.berth(['exec', 'absent', 'true']), 1, /no such container: absent/);
  });

  test('thirty at once all have their own output and code', async () => {
    await sleeper('crowd');
    const { exec } = box.client;
    const results = await Promise.all(
      Array.from({ length: 30 }, async (_, n) => {
        const { id } = await exec.create('crowd', {
          command: ['sh', '-c', `echo ${n}; exit ${n}`],
          attachOutput: true,
        });
        let text = '';
        const stream = await exec.attach(id, { onOutput: (_stream, bytes) => void (text += Buffer.from(bytes)) });
        const { exitCode } = await stream.exit;
        return [text, exitCode];
      }),
    );
    assert.deepEqual(
      results,
      results.map((_, n) => [`${n}\n`, n]),
    );
  });

  test('more than a container has numbers for, one after the other: each end is told, nothing is left inside', async () => {
    await sleeper('series');
    const { exec } = box.client;
    const one = async () => {
      const { id } = await exec.create('series', { command: ['true'], attachOutput: true });
      const stream = await exec.attach(id, { onOutput: () => {} });
      assert.deepEqual(await stream.exit, { exitCode: 0 });
    };
    for (let n = 0; n < 1100; n += 20) await Promise.all(Array.from({ length: 20 }, one));
    let left = (await box.inspect('series')).execs;
    for (const deadline = Date.now() + eventPatience; left.length > 0 && Date.now() < deadline;) {
      left = (await box.inspect('series')).execs;
    }
    assert.deepEqual(left, []);
    assert.equal((await sh('series', 'ps | grep -c "[s]leep 1000\\|[t]rue"')).stdout.trim(), '1');
  });

  test('an exec ends with its container, which its client is told', async () => {
    await sleeper('ending');
    const running = sh('ending', 'echo in; sleep 1001');
    const sleeping = () => processesOf(box.engine).some(({ command }) => command === 'sleep 1001');
    while (!sleeping()) await new Promise((resolve) => setTimeout(resolve, 5));
    await box.expect(['stop', '-t', '0', 'ending']);
    const { code } = await running;
    assert.equal(code, 137);
  });

  test('an exec is no part of the container’s own output', async () => {
    await sleeper('quiet');
    await sh('quiet', 'echo heard');
    assert.equal(await box.expect(['logs', 'quiet']), '');
  });

  test('a client that goes away leaves its command running', async () => {
    await sleeper('alone');
    const { exec } = box.client;
    const { id } = await exec.create('alone', { command: ['sh', '-c', 'echo on; sleep 1002'], attachOutput: true });
    const heard = Promise.withResolvers<void>();
    const stream = await exec.attach(id, { onOutput: () => heard.resolve() });
    await heard.promise;
    stream.close();
    const { stdout } = await sh('alone', 'ps');
    assert.match(stdout, / sleep 1002\n/);
    assert.equal((await exec.inspect(id)).running, true);
  });
});
