import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { compileExec } from '@berth/runtime/compile/exec';
import type { ContainerSpecInput } from '@berth/runtime/defaults/container-spec-input';
import { remedy } from '@berth/runtime/explain/remedy';
import { StartFailure } from '@berth/runtime/shim/message';
import { Machine, whyNot } from './fixture.ts';

const skip = whyNot();
let machine: Machine;

before(async () => {
  if (skip === undefined) machine = await Machine.open();
});

after(async () => {
  await machine?.[Symbol.asyncDispose]();
});

/** Runs a script to its end and gives what it wrote; nothing is left. */
async function outputOf(script: string, input: Partial<ContainerSpecInput> = {}): Promise<string> {
  const running = await machine.run(script, input);
  await running.exited;
  await running.cgroup.remove();
  return running.output().replaceAll('\r\n', '\n').trim();
}

describe('a compiled container', { skip }, () => {
  test('sees its own namespaces, root and cgroup', async () => {
    const text = await outputOf('hostname; readlink /proc/1/ns/pid; cat /proc/self/cgroup; ls / | head -3');
    assert.match(text, /^box\npid:/);
    assert.ok(!text.includes('/berth-test'), 'the cgroup namespace hides where it is');
  });

  test('has the devices and links of the runtime spec', async () => {
    const text = await outputOf(
      'cd /dev; stat -c "%n %a %t:%T" null zero full random urandom tty; for link in core fd ptmx stdin; do readlink $link; done; umask',
    );
    assert.match(text, /null 666 1:3\nzero 666 1:5\nfull 666 1:7\nrandom 666 1:8\nurandom 666 1:9\ntty 666 5:0/);
    assert.match(text, /\/proc\/kcore\n\/proc\/self\/fd\npts\/ptmx\n\/proc\/self\/fd\/0\n0022$/);
  });

  test('cannot write what is read-only nor read what is masked', async () => {
    const text = await outputOf(
      'exec 2>&1; echo 1 >/proc/sys/kernel/hostname; cat /proc/keys | head -1; touch /sys/x; mkdir /sys/fs/cgroup/memory/x; echo end',
    );
    assert.equal(text.match(/Read-only file system/g)?.length, 3, text);
    assert.ok(text.endsWith('end'));
  });

  test('may make a node for any device, and open only its own', async () => {
    const text = await outputOf(
      'exec 2>&1; mknod /disk b 254 0 && head -c 1 /disk; head -c 1 /dev/zero | stat -c done /',
    );
    assert.match(text, /\/disk: Operation not permitted\ndone$/);
  });

  test('has the default capabilities and a filter', async () => {
    const text = await outputOf('grep -E "CapEff|Seccomp:|NoNewPrivs" /proc/self/status');
    assert.match(text, /CapEff:\s*00000000a80425fb/);
    assert.match(text, /NoNewPrivs:\s*0\nSeccomp:\s*2/);
  });

  test('runs as another user without privileges, in a folder only root may search', async () => {
    const text = await outputOf('id; pwd; grep -E "CapEff|CapBnd|NoNew" /proc/self/status', {
      user: { uid: 1000, gid: 1001, additionalGids: [5, 27] },
      tmpfs: [{ destination: '/secret', options: ['mode=700'] }],
      cwd: '/secret',
      noNewPrivileges: true,
    });
    assert.match(text, /uid=1000 gid=1001 groups=5,27\n\/secret\n/);
    assert.match(text, /CapEff:\s*0000000000000000\nCapBnd:\s*00000000a80425fb\nNoNewPrivs:\s*1/);
  });

  test('has a read-only root in which the working folder was made first', async () => {
    // One stream: two have no order between them.
    const text = await outputOf('exec 2>&1; pwd; touch /x; touch /dev/shm/y && echo shm', {
      readonlyRootfs: true,
      cwd: '/srv/app',
    });
    assert.match(text, /^\/srv\/app\ntouch: \/x: Read-only file system\nshm$/);
  });

  test('has a terminal of the asked size as its console', async () => {
    const text = await outputOf('tty; stty size; stat -c %t:%T /dev/console', {
      tty: true,
      consoleSize: { height: 33, width: 101 },
    });
    assert.equal(text, '/dev/pts/0\n33 101\n88:0');
  });

  test('a privileged one may mount, and write to its cgroup', async () => {
    const text = await outputOf(
      'mkdir /m; mount -t tmpfs t /m && echo mounted; mkdir /sys/fs/cgroup/memory/x && echo made',
      {
        privileged: true,
      },
    );
    assert.equal(text, 'mounted\nmade');
  });

  test('binds are read-only down the tree with rro', async () => {
    const source = join(machine.folder, 'data');
    mkdirSync(source);
    writeFileSync(join(source, 'a'), 'content');
    const text = await outputOf('cat /in/data/a; touch /in/data/b', {
      binds: [{ source, destination: '/in/data', readonly: true, options: ['rro'] }],
    });
    assert.equal(text, 'contenttouch: /in/data/b: Read-only file system');
  });

  test('mounts below a shared bind appear on the host, and no others', async () => {
    const source = join(machine.folder, 'shared');
    mkdirSync(source);
    execFileSync('mount', ['-t', 'tmpfs', 'shared', source]);
    execFileSync('mount', ['--make-shared', source]);
    try {
      const earlier = readFileSync('/proc/self/mountinfo', 'utf8').split('\n').length;
      const text = await outputOf('mkdir /s/in; mount -t tmpfs in /s/in && echo mounted', {
        privileged: true,
        binds: [{ source, destination: '/s', propagation: 'rshared' }],
      });
      assert.equal(text, 'mounted');
      const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
      assert.ok(mounts.some((line) => line.includes(` ${source}/in `)));
      assert.equal(mounts.length, earlier + 1);
    } finally {
      execFileSync('umount', ['-R', source]);
    }
  });

  test('an exec joins everything, with its own user and terminal', async () => {
    const running = await machine.run('sleep 60', { user: { uid: 0, gid: 0 } });
    const { spec, shim } = running;
    const process = {
      ...spec.process,
      terminal: true,
      user: { uid: 7, gid: 7 },
      args: ['sh', '-c', 'tty; id -u; hostname; cat /proc/self/cgroup; readlink /proc/self/ns/net'],
    };
    const facts = { ...machine.facts('exec'), cgroupPath: running.cgroupPath };
    const plan = compileExec(process, {
      ...facts,
      namespaces: spec.linux.namespaces,
      seccomp: spec.linux.seccomp!,
    });
    await shim.start(plan, { process: 1, output: true });
    assert.equal((await running.exitOf(1)).code, 0);
    const text = running.output().replaceAll('\r\n', '\n');
    assert.match(text, /^\/dev\/pts\/0\n7\nbox\n/);
    assert.ok(!text.includes('/berth-test'));
    assert.ok(text.includes(readlinkSync(`/proc/${running.started.pid}/ns/net`)));
    await shim.signal(0, 9);
    assert.equal((await running.exited).code, 137);
    await running.cgroup.remove();
  });

  test('a program that is not there fails in its own words', async () => {
    const failure = await machine.run('', { args: ['nosuch'] }).catch((error: unknown) => error);
    assert.ok(failure instanceof StartFailure);
    assert.equal(failure.errnoName, 'ENOENT');
  });

  test('a bind source that is not there is named', async () => {
    const binds = [{ source: '/no/such/source', destination: '/d' }];
    const failure = await machine.run('true', { binds }).catch((error: unknown) => error);
    assert.ok(failure instanceof StartFailure && failure.errno === 2);
    const record = {
      kind: 'bind_mount',
      track: 'container',
      source: '/no/such/source',
      target: '/d',
    } as never;
    assert.match(remedy(record, failure.errno).message, /\/no\/such\/source/);
  });
});
