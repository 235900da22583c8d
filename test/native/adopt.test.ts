import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { encodeList } from '../../packages/runtime/src/plan/encode.ts';
import type { PlanRecord } from '../../packages/runtime/src/plan/record.ts';
import { StartFailure } from '../../packages/runtime/src/shim/message.ts';
import { host, shell } from './attached.ts';
import { type Bench, bench, eventually, isDead, journal, readOr, run, skip } from './bench.ts';
import { Listener } from './listener.ts';
import { paths, plainPlan, program } from './plans.ts';

/** What a runtime's `create` does for us: leaves a process with our streams, and its number in a file. */
const leaves = (b: Bench, script: string) =>
  shell(
    // A shell's background command would read /dev/null, and the shell would take its exit status.
    `exec 3<&0; rm -f ${b.dir}/pid; (exec sh -c 'echo $$ > ${b.dir}/new; mv ${b.dir}/new ${b.dir}/pid; while [ -d /proc/$PPID ]; do :; done; ${script}' <&3 3<&-) &
     while ! [ -e ${b.dir}/pid ]; do :; done`,
  );

function runs(argv: readonly string[], timeout = 0): PlanRecord {
  return {
    kind: 'run_program',
    track: host,
    path: argv[0]!,
    argv: encodeList(argv),
    env: encodeList(['PATH=/bin']),
    cwd: '/',
    timeout,
  };
}

function adoptPlan(b: Bench, create: readonly string[], behind: readonly PlanRecord[] = [], timeout = 0) {
  const { socket, journal: file, log } = paths(b.dir);
  const records: PlanRecord[] = [
    {
      kind: 'shim',
      track: host,
      socket,
      journal: file,
      log,
      logMaxBytes: 0,
      logMaxFiles: 1,
      logLineMax: 16_384,
      logDropReturns: 0,
    },
    ...execRecords(b, create, timeout),
    ...behind,
  ];
  return { records };
}

function execRecords(b: Bench, create: readonly string[], timeout = 0): PlanRecord[] {
  return [
    { kind: 'stdio', track: host, stdin: 1, terminal: 0 },
    runs(create, timeout),
    { kind: 'adopt', track: host, pidFile: join(b.dir, 'pid') },
  ];
}

async function failureOf(b: Bench, plan: { readonly records: readonly PlanRecord[] }): Promise<StartFailure> {
  const error = await run(b, plan).catch((thrown: unknown) => thrown);
  assert.ok(error instanceof StartFailure, String(error));
  return error;
}

test('a process that another program made is adopted with its streams, log and exit', { skip }, async (t) => {
  const b = await bench(t);
  const { listener, shim, started } = await run(b, adoptPlan(b, leaves(b, 'read x; echo got $x; exit 9')));
  assert.equal(started.pid, Number(readFileSync(join(b.dir, 'pid'), 'utf8')));
  await shim.writeStdin(0, Buffer.from('this\n'));
  assert.equal((await listener.exit()).code, 9);
  assert.equal(listener.text(), 'got this\n');
  await shim.closed;
  assert.match(readOr(paths(b.dir).log), / stdout F got this\n$/);
  assert.deepEqual(
    journal(b.dir).map((one) => [one.event, one.process]),
    [
      ['start', 0],
      ['exit', 0],
    ],
  );
});

test('create and start of an adopted process stand apart', { skip }, async (t) => {
  const b = await bench(t);
  const listener = new Listener();
  const shim = await b.launcher.shim(listener);
  const create = leaves(b, `while ! [ -e ${b.dir}/go ]; do :; done; exit 2`);
  const behind: PlanRecord[] = [{ kind: 'ask', track: host, token: 4, keep: 1 }, runs(shell(`echo > ${b.dir}/go`))];
  const created = await shim.create(adoptPlan(b, create, behind), { watch: true });
  assert.equal((await shim.state())[0]?.state, 'created');
  assert.equal(existsSync(join(b.dir, 'go')), false);
  const { pid } = await created.release();
  assert.equal(pid, created.pid);
  assert.equal((await listener.exit()).code, 2);
});

test('a process that ends before the program that starts it is no failure', { skip }, async (t) => {
  const b = await bench(t);
  const create = leaves(b, `while ! [ -e ${b.dir}/go ]; do :; done; exit 5`);
  const plan = adoptPlan(b, create, [runs(shell(`echo > ${b.dir}/go; sleep 0.3`))]);
  const { listener } = await run(b, plan);
  assert.equal((await listener.exit()).code, 5);
});

test('a process that is gone when it is adopted still has its exit status', { skip }, async (t) => {
  const b = await bench(t);
  const { listener } = await run(
    b,
    adoptPlan(b, shell(`(sh -c 'echo $$ > ${b.dir}/pid; exit 6') & wait $!; true`)),
    {},
  ).catch((error: unknown) => {
    // The shell has waited for it: not ours to know.
    assert.ok(error instanceof StartFailure && error.errnoName === 'ECHILD');
    return { listener: undefined };
  });
  assert.equal(listener, undefined);
  const left = `(sh -c 'echo $$ > ${b.dir}/pid.new; mv ${b.dir}/pid.new ${b.dir}/pid; exit 6' &) ; sleep 0.2`;
  const second = await run(b, adoptPlan(b, shell(left)));
  assert.equal((await second.listener.exit()).code, 6);
});

test('an exec is adopted as the first process is', { skip }, async (t) => {
  const b = await bench(t);
  const { shim, listener } = await run(b, plainPlan(b.dir, ['/bin/busybox', 'sleep', '1000']));
  for (const code of [0, 3]) {
    await shim.start(
      { records: execRecords(b, leaves(b, `echo exec; exit ${code}`)) },
      { process: 1 + code, output: true },
    );
    assert.equal((await listener.exit(1 + code)).code, code);
    assert.equal(listener.text(1 + code), 'exec\n');
  }
  await shim.signal(0, 9);
});

test('a program that fails is told with its status, and what it made is not adopted', { skip }, async (t) => {
  const b = await bench(t);
  const failed = await failureOf(b, adoptPlan(b, shell('echo no >&2; exit 4')));
  assert.deepEqual([failed.record, failed.exitStatus, failed.note], [2, 4, '']);
  assert.match(readOr(paths(b.dir).log), /^$/);
  assert.equal((await failureOf(b, adoptPlan(b, ['/nonexistent']))).errnoName, 'ENOENT');
});

test('a program whose process is adopted already and that fails ends the process', { skip }, async (t) => {
  const b = await bench(t);
  const plan = adoptPlan(b, leaves(b, 'sleep 1000'), [runs(shell('echo cannot start >&2; exit 1'))]);
  const failed = await failureOf(b, plan);
  assert.deepEqual([failed.record, failed.exitStatus, failed.note], [4, 1, 'cannot start']);
  assert.equal(existsSync(`/proc/${readOr(join(b.dir, 'pid')).trim()}`), false);
});

test('a program beyond its time is killed with all that it started', { skip }, async (t) => {
  const b = await bench(t);
  const failed = await failureOf(b, adoptPlan(b, shell(`sleep 1000 & echo $! > ${b.dir}/child; wait`), [], 700));
  assert.deepEqual([failed.record, failed.errnoName], [2, 'ETIMEDOUT']);
  await eventually(() => isDead(readOr(join(b.dir, 'child')).trim()));
});

test('the shim answers while a program runs, and a lost client ends it', { skip }, async (t) => {
  const b = await bench(t);
  const shim = await b.launcher.shim();
  const failed = assert.rejects(shim.start(adoptPlan(b, shell(`sleep 1000 & echo $! > ${b.dir}/child; wait`))), {
    code: 'shim_gone',
  });
  await eventually(() => readOr(join(b.dir, 'child')) !== '');
  assert.deepEqual(await shim.state(), []);
  await shim.close();
  await failed;
  await eventually(() => isDead(readOr(join(b.dir, 'child')).trim()));
});

test('only a child of the shim can be adopted', { skip }, async (t) => {
  const b = await bench(t);
  for (const [text, errnoName] of [
    [String(process.pid), 'ECHILD'],
    ['4194300', 'ECHILD'],
    ['x', 'EINVAL'],
    ['', 'EINVAL'],
  ] as const) {
    writeFileSync(join(b.dir, 'pid'), text);
    const failed = await failureOf(b, adoptPlan(b, shell('true')));
    assert.deepEqual([failed.record, failed.errnoName], [3, errnoName], text);
  }
});

test('a plan that adopts makes no process itself', { skip }, async (t) => {
  const b = await bench(t);
  const { records } = adoptPlan(b, shell('true'));
  for (const more of [records.at(-1)!, ...plainPlan(b.dir, ['/bin/true']).records.slice(-1)])
    assert.equal((await failureOf(b, { records: [...records, more] })).errnoName, 'EINVAL');
});

test('the terminal of an adopted process comes by the socket that its runtime sends it to', { skip }, async (t) => {
  const b = await bench(t);
  const console = join(b.dir, 'console');
  const script = 'tty; read x; echo got $x; exit 8';
  const { records } = adoptPlan(b, [program('terminal'), 'send', console, join(b.dir, 'pid'), script]);
  records[1] = { kind: 'stdio', track: host, stdin: 1, terminal: 1 };
  records.splice(2, 0, { kind: 'gate_listen', track: host, path: console });
  const { shim, listener } = await run(b, { records });
  await listener.until(() => listener.text().startsWith('/dev/pts/'));
  await shim.resize(0, 7, 9);
  await shim.writeStdin(0, Buffer.from('this\n'));
  assert.equal((await listener.exit()).code, 8);
  assert.match(listener.text(), /got this\r\n$/);
  await shim.closed; // the socket's name is free again
  rmSync(console);
  assert.equal(
    (await failureOf(b, { records: records.with(3, runs(shell(`echo 1 > ${b.dir}/pid`))) })).errnoName,
    'ECHILD',
  );
});

test(
  'a terminal and a pidfd are sent to who asked for them, and the shim forgets the terminal',
  { skip },
  async (t) => {
    const b = await bench(t);
    for (const [what, name, expected] of [
      [0, '/dev/ptmx', '/dev/ptmx /dev/pts/ptmx 7 0'],
      [1, '7', '7 anon_inode:[pidfd] 0 0'],
    ] as const) {
      const socket = join(b.dir, `socket${what}`);
      const taker = spawn(program('terminal'), ['take', socket], { stdio: ['pipe', 'pipe', 'inherit'] });
      const said = once(taker.stdout, 'data');
      await eventually(() => existsSync(socket));
      const plan = plainPlan(b.dir, ['/bin/busybox', 'sleep', '1000'], { terminal: true });
      plan.records.splice(-1, 0, ...terminalRecords, { kind: 'post', track: 'container', token: 1 });
      plan.records.splice(
        plan.records.findIndex(({ kind }) => kind === 'spawn') + 1,
        0,
        { kind: 'wait', track: host, token: 1 },
        { kind: 'descriptor_send', track: host, what, socket, name },
      );
      const { shim, listener } = await run(b, plan);
      const [words] = (await said) as [Buffer];
      // Linux 6.9 gave pidfds a file system of their own.
      assert.equal(
        words
          .toString()
          .replace(/pidfd:\[\d+\]/, 'anon_inode:[pidfd]')
          .replace('/dev/ptmx 7', '/dev/pts/ptmx 7'),
        `${expected}\n`,
      );
      if (what === 0) await assert.rejects(shim.resize(0, 1, 1), { code: 'ENOTTY' });
      await shim.signal(0, 9);
      await listener.exit();
      await shim.closed;
      taker.stdin.end();
      await once(taker, 'exit');
    }
  },
);

const terminalRecords: PlanRecord[] = [
  { kind: 'root_open', track: 'container', path: '/' },
  { kind: 'terminal', track: 'container', rows: 7, columns: 9, uid: 0, gid: 0, console: 0 },
];

test('a descriptor that is not there, or nobody takes, fails the start', { skip }, async (t) => {
  const b = await bench(t);
  const plan = (what: number, socket: string) => {
    const { records } = plainPlan(b.dir, ['/bin/busybox', 'sleep', '1000']);
    records.splice(3, 0, { kind: 'descriptor_send', track: host, what, socket, name: 'x' });
    return { records };
  };
  assert.equal((await failureOf(b, plan(0, '/nonexistent'))).errnoName, 'EBADF');
  assert.equal((await failureOf(b, plan(1, '/nonexistent'))).errnoName, 'ENOENT');
});
