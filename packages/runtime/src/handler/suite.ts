import assert from 'node:assert/strict';
import { existsSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, afterEach, before, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { isKind } from '@berth/model/error';
import type { HookKind } from '@berth/model/runtime-spec';
import { SuiteContainers, type SuiteRuntime, until } from './suite-place.ts';

const SIGTERM = 15;
const SIGKILL = 9;

/** What every runtime handler does; to be called inside a `describe`. */
// oxlint-disable-next-line max-lines-per-function -- a suite is a list of tests
export function runtimeHandlerSuite(open: () => Promise<SuiteRuntime>): void {
  let runtime: SuiteRuntime;
  let boxes: SuiteContainers;
  before(async () => {
    runtime = await open();
    boxes = new SuiteContainers(runtime);
  });
  afterEach(() => boxes.end());
  after(() => runtime[Symbol.asyncDispose]());

  it('runs nothing before the start, then the program to its exit code', async () => {
    const box = await boxes.create('echo ran; exit 7');
    assert.equal(boxes.logOf(box), '');
    assert.ok(existsSync(`/proc/${box.pid}`), 'a created container has a process');
    await box.start(runtime.context);
    assert.equal((await box.wait()).code, 7);
    await box.delete(runtime.context);
    assert.equal(boxes.logOf(box), 'ran');
  });

  it('tells of a signal that ended the program as 128 and its number', async () => {
    const box = await boxes.start('exec sleep 60');
    await box.kill(runtime.context, SIGKILL);
    assert.deepEqual(pick(await box.wait()), { code: 137, signal: SIGKILL });
  });

  it('keeps the two streams of the output apart in the log', async () => {
    const box = await boxes.start('echo one; echo two >&2; echo three');
    await box.wait();
    await box.delete(runtime.context);
    assert.equal(boxes.logOf(box), 'one\nthree');
    assert.equal(boxes.logOf(box, 'stderr'), 'two');
  });

  it('gives the program what the spec says', async () => {
    const box = await boxes.start(
      'hostname; id -u; pwd; echo $WORD; cat /proc/self/limits | grep -c "open files *100 "',
      {
        user: { uid: 1000, gid: 1000 },
        cwd: '/tmp',
        env: ['PATH=/bin', 'WORD=given'],
        ulimits: [{ name: 'nofile', soft: 100, hard: 200 }],
      },
    );
    await box.wait();
    await box.delete(runtime.context);
    assert.equal(boxes.logOf(box), 'box\n1000\n/tmp\ngiven\n1');
  });

  it('runs one more process inside, with its output and exit code', async () => {
    const box = await boxes.start('exec sleep 60');
    let output = '';
    const args = ['sh', '-c', 'hostname; echo $$; readlink /proc/self/ns/net; exit 5'];
    const process = { ...box.place.spec.process, args };
    const code = await box.exec(runtime.context, process, (bytes) => (output += Buffer.from(bytes).toString()));
    assert.equal(code, 5);
    const [host, , net] = output.split('\n');
    assert.equal(host, 'box');
    assert.notEqual(net, readlinkSync('/proc/self/ns/net'));
  });

  it('refuses to run a program inside that is not there', async () => {
    const box = await boxes.start('exec sleep 60');
    const process = { ...box.place.spec.process, args: ['nosuch'] };
    await assert.rejects(box.exec(runtime.context, process), {
      kind: 'failed_precondition',
      code: 'command_not_found',
    });
  });

  it('refuses a program that is not there, and leaves nothing', async () => {
    const failure = boxes.start('', { args: ['nosuch'] });
    await assert.rejects(failure, { kind: 'failed_precondition', code: 'command_not_found', message: /nosuch/ });
    assert.deepEqual(boxes.allCgroups(), []);
  });

  it('refuses a program that may not be run', async () => {
    const failure = boxes.start('', { args: ['/etc/notes'] });
    await assert.rejects(failure, { kind: 'permission_denied', code: 'command_not_executable' });
  });

  it('sends a signal that the program may ignore, and one that it may not', async () => {
    const box = await boxes.start("trap '' TERM; echo ready; while :; do sleep 0.1; done");
    await until(() => boxes.logOf(box) === 'ready', 'the trap');
    await box.kill(runtime.context, SIGTERM);
    await sleep(150);
    assert.ok(existsSync(`/proc/${box.pid}`), 'it ignored the signal');
    await box.kill(runtime.context, SIGKILL);
    assert.equal((await box.wait()).code, 137);
  });

  it('lets a trapped signal end the program its own way', async () => {
    const box = await boxes.start("trap 'exit 3' TERM; echo ready; while :; do sleep 0.05; done");
    await until(() => boxes.logOf(box) === 'ready', 'the trap');
    await box.kill(runtime.context, SIGTERM);
    assert.equal((await box.wait()).code, 3);
  });

  it('cannot signal what has ended', async () => {
    const box = await boxes.start('true');
    await box.wait();
    await assert.rejects(box.kill(runtime.context, SIGTERM), { kind: 'failed_precondition' });
  });

  it('halts a paused program and lets it go on', async () => {
    const box = await boxes.start('while :; do echo tick; sleep 0.01; done');
    await until(() => boxes.logOf(box).includes('tick'), 'the first tick');
    await box.pause(runtime.context);
    // What was in the pipe is in the log by then.
    await sleep(100);
    const halted = boxes.logOf(box).length;
    await sleep(200);
    assert.equal(boxes.logOf(box).length, halted);
    await box.resume(runtime.context);
    await until(() => boxes.logOf(box).length > halted, 'another tick');
  });

  it('ends a paused program', async () => {
    const box = await boxes.start('exec sleep 60');
    await box.pause(runtime.context);
    await box.kill(runtime.context, SIGKILL);
    assert.equal((await box.wait()).code, 137);
  });

  it('changes the limits of a running container', async () => {
    const box = await boxes.start('exec sleep 60', { memory: 64 << 20 });
    const memory = { v1: 'memory.limit_in_bytes', v2: 'memory.max' };
    assert.equal(boxes.limitOf(box, 'memory', memory), String(64 << 20));
    await box.update(runtime.context, { memory: { limit: 96 << 20 }, pids: { limit: 33 } });
    assert.equal(boxes.limitOf(box, 'memory', memory), String(96 << 20));
    assert.equal(boxes.limitOf(box, 'pids', { v1: 'pids.max', v2: 'pids.max' }), '33');
  });

  it('knows its processes by their numbers on the host', async () => {
    const box = await boxes.start('sleep 60 & sleep 60 & wait');
    const sleepers = async (): Promise<number> => (await box.processes(runtime.context)).length;
    for (const deadline = Date.now() + 5000; (await sleepers()) !== 3 && Date.now() < deadline; await sleep(10));
    const pids = await box.processes(runtime.context);
    assert.equal(pids.length, 3);
    assert.ok(pids.includes(box.pid));
  });

  it('deletes no running container without force', async () => {
    const box = await boxes.start('exec sleep 60');
    await assert.rejects(box.delete(runtime.context), { kind: 'failed_precondition', code: 'still_running' });
    assert.ok(existsSync(`/proc/${box.pid}`));
    await box.delete(runtime.context, { force: true });
    assertGone(boxes, box);
  });

  it('leaves nothing of a container that was created and never started', async () => {
    const box = await boxes.create('echo never');
    await box.delete(runtime.context, { force: true });
    assertGone(boxes, box);
    assert.equal(boxes.logOf(box), '');
  });

  it('leaves nothing of a container that has ended, and of its children', async () => {
    const box = await boxes.start('sleep 60 & sleep 60 & exit 0');
    await box.wait();
    await box.delete(runtime.context);
    assertGone(boxes, box);
  });

  it('runs the hooks in their order, with the state on standard input', async () => {
    const told = path.join(runtime.folder, 'hooks');
    const inside = path.join(runtime.rootfs, 'told');
    writeFileSync(told, '');
    writeFileSync(inside, '');
    const kinds: readonly HookKind[] = ['prestart', 'createRuntime', 'createContainer', 'poststart', 'poststop'];
    const hooks = Object.fromEntries([
      ...kinds.map((kind) => [kind, [shell(`echo ${kind} $(tr , '\\n' | grep -c '"id"') >>${told}`)]]),
      ['startContainer', [{ ...shell('echo startContainer >>/told'), path: '/bin/sh' }]],
    ]) as Record<HookKind, never>;
    const box = await boxes.create('true', { hooks });
    // runc runs poststart hooks at create.
    assert.match(readFileSync(told, 'utf8'), /^prestart 1\ncreateRuntime 1\ncreateContainer 1\n/);
    assert.equal(readFileSync(inside, 'utf8'), '');
    await box.start(runtime.context);
    await box.wait();
    await box.delete(runtime.context);
    const all = readFileSync(told, 'utf8');
    assert.equal(all, 'prestart 1\ncreateRuntime 1\ncreateContainer 1\npoststart 1\npoststop 1\n');
    assert.equal(readFileSync(inside, 'utf8'), 'startContainer\n');
  });

  it('creates no container whose hook fails, and says which', async () => {
    const hooks = { createRuntime: [shell('echo sorry >&2; exit 3')] };
    await assert.rejects(boxes.create('true', { hooks }), (error) => {
      assert.ok(isKind(error, 'failed_precondition'));
      assert.match(error.message, /hook/);
      assert.match(error.message, /sorry/);
      return true;
    });
  });

  it('finds a created container again through its shim, and starts it', async () => {
    const box = await boxes.create('echo late; exit 4');
    await box.release();
    const again = await boxes.recover(box);
    assert.equal(again.pid, box.pid);
    await again.start(runtime.context);
    assert.equal((await again.wait()).code, 4);
    await again.delete(runtime.context);
    assert.equal(boxes.logOf(again), 'late');
    assertGone(boxes, again);
  });

  it('finds a running container again, and everything works', async () => {
    const box = await boxes.start('while :; do sleep 0.05; done');
    await box.release();
    const again = await boxes.recover(box);
    const process = { ...box.place.spec.process, args: ['sh', '-c', 'exit 6'] };
    assert.equal(await again.exec(runtime.context, process), 6);
    await again.pause(runtime.context);
    await again.resume(runtime.context);
    await again.kill(runtime.context, SIGKILL);
    assert.equal((await again.wait()).code, 137);
    await again.delete(runtime.context);
    assertGone(boxes, again);
  });

  it('knows how a container ended while nobody was there', async () => {
    const box = await boxes.start('sleep 0.1; exit 9');
    await box.release();
    await until(() => readFileSync(box.place.shim.journal, 'utf8').includes('exit 0 9 '), 'the exit');
    const again = await boxes.recover(box);
    assert.equal((await again.wait()).code, 9);
    await again.delete(runtime.context);
    assertGone(boxes, again);
  });

  it('gives the program a terminal of the wanted size', async () => {
    const box = await boxes.start('tty; stty size; test -t 0 && test -t 1 && test -t 2 && echo terminal', {
      tty: true,
      consoleSize: { height: 33, width: 101 },
    });
    await box.wait();
    await box.delete(runtime.context);
    const text = boxes.logOf(box).replaceAll('\r', '');
    assert.match(text, /^\/dev\/(pts\/0|console)\n33 101\nterminal$/);
  });

  it('gives a process inside a terminal of its own', async () => {
    const box = await boxes.start('exec sleep 60');
    let output = '';
    const process = { ...box.place.spec.process, terminal: true, args: ['sh', '-c', 'test -t 0 && test -t 1 && tty'] };
    await box.exec(runtime.context, process, (bytes) => (output += Buffer.from(bytes).toString()));
    assert.match(output, /^\/dev\/pts\/\d+\r\n$/);
  });
}

function shell(script: string) {
  return { path: '/bin/sh', args: ['sh', '-c', script], env: ['PATH=/bin:/usr/bin'] };
}

function assertGone(boxes: SuiteContainers, box: Parameters<SuiteContainers['cgroupsOf']>[0] & { pid: number }): void {
  assert.ok(!existsSync(`/proc/${box.pid}`), 'its process is gone');
  assert.deepEqual(
    boxes.cgroupsOf(box).filter((folder) => existsSync(folder)),
    [],
  );
  assert.ok(!existsSync(box.place.shim.socket), 'its shim has ended');
}

function pick({ code, signal }: { readonly code: number; readonly signal: number }): object {
  return { code, signal };
}
