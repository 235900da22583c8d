import assert from 'node:assert/strict';
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { SYS, syscall } from '../../packages/addon/src/call.ts';
import { isSealed } from '../../packages/addon/src/memory-file.ts';
import { AttachedShim } from '../../packages/runtime/src/shim/attached.ts';
import { openGate } from '../../packages/runtime/src/shim/gate.ts';
import { StartFailure } from '../../packages/runtime/src/shim/message.ts';
import { attach, attachedPlan, container, gatedPlan, hook, host, shell, withRecords } from './attached.ts';
import { descriptorsOf, eventually, isDead, readOr, skip } from './bench.ts';
import { Listener } from './listener.ts';

const PR_SET_CHILD_SUBREAPER = 36;

function folder(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'ba-'));
  t.after(() => rmSync(dir, { recursive: true }));
  return dir;
}

function parentOf(pid: number): number {
  return Number(readOr(`/proc/${pid}/stat`).split(' ')[3]);
}

/** So that one that waits at its gate does not outlive a test that fails. */
function reap(pid: number): void {
  if (!isDead(pid)) process.kill(pid, 'SIGKILL');
}

/** We are the subreaper, as containerd's shim and conmon are. */
function adoptOrphans(): void {
  assert.equal(syscall(SYS.prctl, PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
}

test('an attached shim runs a program with the streams of its caller and tells its exit', { skip }, async (t) => {
  const dir = folder(t);
  const listener = new Listener();
  const shim = await attach(t, listener);
  const script = `for fd in 0 1 2; do readlink /proc/$$/fd/$fd; done > ${dir}/streams; exit 7`;
  await shim.start(attachedPlan(shell(script)), { watch: true });
  assert.equal((await listener.exit()).code, 7);
  await shim.closed;
  const streams = readFileSync(join(dir, 'streams'), 'utf8').trim().split('\n');
  assert.deepEqual([streams[0], streams[2]], [readlinkSync('/proc/self/fd/0'), readlinkSync('/proc/self/fd/2')]);
});

test('an attached shim runs from a sealed copy of its program', { skip }, async (t) => {
  const shim = await attach(t);
  const { pid } = await shim.start(attachedPlan(['/bin/busybox', 'sleep', '1000']));
  const fd = openSync(`/proc/${parentOf(pid)}/exe`, 'r');
  assert.ok(isSealed(fd));
  assert.throws(() => openSync(`/proc/${parentOf(pid)}/exe`, 'r+'), { code: /ETXTBSY|EPERM/ });
  closeSync(fd);
  await shim.signal(0, 9);
});

test('the process has its streams and the preserved descriptors, and nothing else', { skip }, async (t) => {
  const dir = folder(t);
  const listener = new Listener();
  const kept = openSync(join(dir, 'kept'), 'w');
  t.after(() => closeSync(kept));
  const preserve = kept - 2;
  const missing = Array.from({ length: preserve }, (_, index) => 3 + index).filter(
    (fd) => !existsSync(`/proc/self/fd/${fd}`),
  );
  if (missing.length > 0) return t.skip(`descriptors ${missing.join(' ')} below the kept one are closed`);
  const shim = await attach(t, listener, preserve);
  const plan = attachedPlan(shell(`ls /proc/self/fd > ${dir}/list; echo said >&${kept}`), [], preserve);
  await shim.start(plan, { watch: true });
  await listener.exit();
  assert.equal(readFileSync(join(dir, 'kept'), 'utf8'), 'said\n');
  // `ls` has one more, the folder it reads.
  const list = readFileSync(join(dir, 'list'), 'utf8').trim().split('\n').map(Number);
  assert.equal(list.length, 3 + preserve + 1);
});

test('descriptors that the caller did not name cannot be preserved', { skip }, async (t) => {
  const shim = await attach(t);
  await assert.rejects(shim.start(attachedPlan(['/bin/true'], [], 1)), { record: 0, errnoName: 'EBADF' });
});

test('leaving after the start gives the process to the subreaper', { skip }, async (t) => {
  adoptOrphans();
  const shim = await attach(t);
  const { pid } = await shim.start(attachedPlan(['/bin/busybox', 'sleep', '1000']));
  const shimPid = parentOf(pid);
  assert.notEqual(shimPid, process.pid);
  await shim.leave();
  assert.equal(parentOf(pid), process.pid);
  assert.ok(isDead(shimPid));
  process.kill(pid, 'SIGKILL');
});

test('leaving at created keeps the process at its gate, and who opens it lets it run', { skip }, async (t) => {
  adoptOrphans();
  const dir = folder(t);
  const shim = await attach(t);
  const { pid } = await shim.create(gatedPlan(dir, shell(`echo ran > ${dir}/ran`)));
  t.after(() => reap(pid));
  await shim.leave();
  assert.equal(parentOf(pid), process.pid);
  assert.ok(!existsSync(join(dir, 'ran')));
  // Its gate, its end of the pair, and the copies of its streams: nothing of the shim or its client.
  const own = descriptorsOf(pid).slice(3, -2);
  const streams = [0, 1, 2].map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
  assert.deepEqual(
    own.filter((target) => !streams.includes(target)).map((target) => target.split(':')[0]),
    ['socket', 'socket'],
  );
  assert.equal(await openGate(join(dir, 'gate')), undefined);
  await eventually(() => existsSync(join(dir, 'ran')) && isDead(pid));
  await assert.rejects(openGate(join(dir, 'gate')), { kind: 'unavailable', code: 'gate_closed' });
});

test('a gate whose path is longer than an address can be opened', { skip }, async (t) => {
  adoptOrphans();
  const dir = join(folder(t), 'x'.repeat(120));
  mkdirSync(dir);
  const shim = await attach(t);
  const { pid } = await shim.create(gatedPlan(dir, ['/bin/busybox', 'true']));
  t.after(() => reap(pid));
  await shim.leave();
  assert.equal(await openGate(join(dir, 'gate')), undefined);
  await eventually(() => isDead(pid));
});

test('a step that fails behind the gate is told to who opened it, with what a hook said', { skip }, async (t) => {
  adoptOrphans();
  const dir = folder(t);
  for (const [errno, note, plan] of [
    [256 + 3, 'no way', gatedPlan(dir, ['/bin/true'], [hook(shell('echo no way >&2; exit 3'))])],
    [2, '', gatedPlan(dir, ['/nonexistent'])],
  ] as const) {
    const shim = await attach(t);
    const { pid } = await shim.create(plan);
    t.after(() => reap(pid));
    await shim.leave();
    const failure = await openGate(join(dir, 'gate'));
    assert.deepEqual(failure, { errno, record: plan.records.length - (note === '' ? 1 : 2), note });
    await eventually(() => isDead(pid));
    rmSync(join(dir, 'gate'));
  }
});

test('a process that is killed at the gate is told by a reset', { skip }, async (t) => {
  adoptOrphans();
  const dir = folder(t);
  const shim = await attach(t);
  const { pid } = await shim.create(gatedPlan(dir, ['/bin/true']));
  t.after(() => reap(pid));
  await shim.leave();
  process.kill(pid, 'SIGSTOP');
  await eventually(() => readOr(`/proc/${pid}/stat`).split(' ')[2] === 'T');
  const opened = assert.rejects(openGate(join(dir, 'gate')), { code: 'gate_closed' });
  await new Promise((resolve) => setTimeout(resolve, 50));
  process.kill(pid, 'SIGKILL');
  await opened;
});

test('a client that vanishes before the start is answered takes the process with it', { skip }, async (t) => {
  adoptOrphans();
  const asked = Promise.withResolvers<number>();
  const shim = await attach(t, { onAsk: ({ pid }) => asked.resolve(pid) });
  const plan = withRecords(attachedPlan(['/bin/true']), [
    { kind: 'ask', track: host, token: 2, keep: 0 },
    { kind: 'post', track: host, token: 1 },
    { kind: 'wait', track: container, token: 1 },
  ]);
  const started = assert.rejects(shim.start(plan), { code: 'shim_gone' });
  const pid = await asked.promise;
  assert.ok(!isDead(pid));
  await shim.close();
  await started;
  assert.ok(isDead(pid));
});

test('an exec of an attached shim joins a process by its number', { skip }, async (t) => {
  const dir = folder(t);
  const target = await attach(t);
  const unshared = attachedPlan(
    ['/bin/busybox', 'sleep', '1000'],
    [
      { kind: 'unshare', track: container, flags: 0x4000000 },
      { kind: 'sethostname', track: container, name: 'joined' },
    ],
  );
  const { pid } = await target.start(unshared);
  const listener = new Listener();
  const shim = await attach(t, listener);
  const plan = attachedPlan(shell(`hostname > ${dir}/name`), [
    { kind: 'setns', track: container, flags: 0x4000000, path: '' },
  ]);
  await shim.start(withRecords(plan, [{ kind: 'join_process', track: host, pid }]), { watch: true });
  await listener.exit();
  assert.equal(readFileSync(join(dir, 'name'), 'utf8'), 'joined\n');
  await target.signal(0, 9);
  const gone = await attach(t);
  const none = withRecords(plan, [{ kind: 'join_process', track: host, pid: 0x3fffff }]);
  await assert.rejects(gone.start(none), { errnoName: 'ESRCH', record: 1 });
});

test('a launcher that is not there, and a descriptor that is not open, are told', { skip }, async () => {
  await assert.rejects(AttachedShim.spawn({ binary: '/nonexistent' }), {
    kind: 'unavailable',
    code: 'launcher_failed',
  });
});

test('Ctrl-C at the terminal of the caller does not reach the shim', { skip }, async (t) => {
  const shim = await attach(t);
  const { pid } = await shim.start(attachedPlan(['/bin/busybox', 'sleep', '1000']));
  process.kill(parentOf(pid), 'SIGINT');
  process.kill(parentOf(pid), 'SIGQUIT');
  assert.equal((await shim.state())[0]?.state, 'running');
  await shim.signal(0, 9);
});

test('a plan with a bad record is refused as in any other shim', { skip }, async (t) => {
  const shim = await attach(t);
  const error = await shim.start({ records: [] }).catch((thrown: unknown) => thrown);
  assert.ok(error instanceof StartFailure && error.errnoName === 'EINVAL' && error.note === '');
});
