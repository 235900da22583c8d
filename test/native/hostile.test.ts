import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { PlanRecord } from '../../packages/runtime/src/plan/record.ts';
import { type Bench, bench, run, skip } from './bench.ts';
import { containerPlan, makeRoot, MS, plainPlan, CLONE } from './plans.ts';

const c = 'container' as const;
const bind = (source: string, target: string, extra = {}): PlanRecord => ({
  kind: 'bind_mount',
  track: c,
  source,
  target,
  recursive: 1,
  set: 0,
  clear: 0,
  propagation: 0,
  recursiveAttributes: 0,
  ...extra,
});

/** A folder of the host that nothing may reach. */
function outside(t: TestContext): string {
  const dir = mkdtempSync('/tmp/bo-');
  t.after(() => rmSync(dir, { recursive: true }));
  return dir;
}

/** Only the root, and the records under test in it. */
function bare(b: Bench, inside: readonly PlanRecord[], script: string) {
  const root = join(b.dir, 'root');
  const records: PlanRecord[] = [
    { kind: 'mount', track: c, source: '', target: '/', type: '', data: '', cwd: '', flags: MS.REC | MS.PRIVATE },
    { kind: 'mount', track: c, source: root, target: root, type: '', data: '', cwd: '', flags: MS.BIND | MS.REC },
    { kind: 'root_open', track: c, path: root },
    ...inside,
    { kind: 'pivot_root', track: c },
  ];
  return plainPlan(b.dir, ['/bin/sh', '-c', script], { flags: CLONE.NEWNS, inside: records });
}

test('absolute and climbing links in the image stay in the image', { skip }, async (t) => {
  const b = await bench(t);
  const root = makeRoot(b.dir);
  const host = outside(t);
  symlinkSync(host, join(root, 'absolute'));
  symlinkSync(`../../../../../../..${host}`, join(root, 'climbing'));
  symlinkSync('climbing', join(root, 'twice'));
  const file = join(b.dir, 'file');
  writeFileSync(file, 'bound');
  const inside: PlanRecord[] = [
    { kind: 'mkdir', track: c, path: '/absolute/made', mode: 0o755, uid: 0, gid: 0 },
    {
      kind: 'mkdir',
      track: c,
      path: '/climbing/../../../../../../../../../../tmp/elsewhere',
      mode: 0o755,
      uid: 0,
      gid: 0,
    },
    { kind: 'mknod', track: c, path: '/twice/device', mode: 0o020666, major: 1, minor: 3, uid: 0, gid: 0 },
    { kind: 'symlink', track: c, target: 'x', path: '/absolute/link' },
    { kind: 'fs_mount', track: c, type: 'tmpfs', target: '/absolute/tmpfs', options: '', attributes: 0, mode: 0o755 },
    bind(file, '/twice/bound'),
  ];
  const { listener, shim } = await run(
    b,
    bare(b, inside, `echo $(ls ${host}); echo $(ls -d /tmp/elsewhere); cat ${host}/bound`),
  );
  await listener.exit();
  await shim.closed;
  assert.equal(listener.text(), 'bound device link made tmpfs\n/tmp/elsewhere\nbound');
  assert.deepEqual(readdirSync(host), []);
});

test('a link to nothing in the place of a mount point gets its target made, in the image', { skip }, async (t) => {
  const b = await bench(t);
  const root = makeRoot(b.dir);
  symlinkSync('../run/systemd/resolv.conf', join(root, 'etc/resolv.conf'));
  symlinkSync('/nowhere/hosts', join(root, 'etc/hosts'));
  symlinkSync('loop', join(root, 'etc/loop'));
  const file = join(b.dir, 'file');
  writeFileSync(file, 'bound\n');
  const inside = [bind(file, '/etc/resolv.conf'), bind(file, '/etc/hosts')];
  const { listener, shim } = await run(b, bare(b, inside, 'cat /run/systemd/resolv.conf /nowhere/hosts'));
  await listener.exit();
  await shim.closed;
  assert.equal(listener.text(), 'bound\nbound\n');
  await assert.rejects(run(b, bare(b, [bind(file, '/etc/loop')], 'true')), { errnoName: 'ELOOP' });
});

test('a link in the place of /proc is refused', { skip }, async (t) => {
  const b = await bench(t);
  const root = makeRoot(b.dir);
  rmSync(join(root, 'proc'), { recursive: true });
  symlinkSync('tmp', join(root, 'proc'));
  const proc: PlanRecord = {
    kind: 'fs_mount',
    track: c,
    type: 'proc',
    target: '/proc',
    options: '',
    attributes: 0,
    mode: 0o555,
  };
  await assert.rejects(run(b, bare(b, [proc], 'true')), { errnoName: 'ELOOP' });
});

test('a sysctl is only written to procfs', { skip }, async (t) => {
  const b = await bench(t);
  const root = makeRoot(b.dir);
  const host = outside(t);
  writeFileSync(join(host, 'core_pattern'), 'safe');
  mkdirSync(join(root, 'proc/sys/kernel'), { recursive: true });
  writeFileSync(join(root, 'proc/sys/kernel/core_pattern'), 'safe');
  const sysctl: PlanRecord<'sysctl'> = { kind: 'sysctl', track: c, path: 'kernel/core_pattern', value: 'taken' };
  await assert.rejects(run(b, bare(b, [sysctl], 'true')), { errnoName: 'EXDEV' });
  // A file of the host over the sysctl, on a real procfs.
  const proc: PlanRecord = {
    kind: 'fs_mount',
    track: c,
    type: 'proc',
    target: '/proc',
    options: '',
    attributes: 0,
    mode: 0o555,
  };
  const over = bind(join(host, 'core_pattern'), '/proc/sys/kernel/core_pattern');
  await assert.rejects(run(b, bare(b, [proc, over, sysctl], 'true')), { errnoName: 'EXDEV' });
  await assert.rejects(run(b, bare(b, [proc, { ...sysctl, path: '../../etc/passwd' }], 'true')), {
    errnoName: 'EXDEV',
  });
  assert.equal(readFileSync(join(host, 'core_pattern'), 'utf8'), 'safe');
  assert.equal(readFileSync(join(root, 'proc/sys/kernel/core_pattern'), 'utf8'), 'safe');
});

test('a /dev/null that is not the null device masks nothing', { skip }, async (t) => {
  const b = await bench(t);
  const root = makeRoot(b.dir);
  writeFileSync(join(root, 'secret'), 'secret');
  const mask: PlanRecord = { kind: 'mask', track: c, path: '/secret' };
  symlinkSync('/etc/passwd', join(root, 'dev/null'));
  await assert.rejects(run(b, bare(b, [mask], 'true')), { errnoName: 'ENODEV' });
  rmSync(join(root, 'dev/null'));
  writeFileSync(join(root, 'dev/null'), 'a file');
  await assert.rejects(run(b, bare(b, [mask], 'true')), { errnoName: 'ENODEV' });
});

test('a terminal only comes from devpts', { skip }, async (t) => {
  const b = await bench(t);
  const root = makeRoot(b.dir);
  mkdirSync(join(root, 'dev/pts'), { recursive: true });
  writeFileSync(join(root, 'dev/pts/ptmx'), '');
  const terminal: PlanRecord = { kind: 'terminal', track: c, rows: 1, columns: 1, uid: 0, gid: 0, console: 0 };
  await assert.rejects(run(b, bare(b, [terminal], 'true')), { errnoName: 'EXDEV' });
});

test('a link to a magic link is not followed', { skip }, async (t) => {
  const b = await bench(t);
  const root = makeRoot(b.dir);
  symlinkSync('/proc/self/root', join(root, 'escape'));
  const proc: PlanRecord = {
    kind: 'fs_mount',
    track: c,
    type: 'proc',
    target: '/proc',
    options: '',
    attributes: 0,
    mode: 0o555,
  };
  const made: PlanRecord = { kind: 'mkdir', track: c, path: '/escape/tmp/made', mode: 0o755, uid: 0, gid: 0 };
  await assert.rejects(run(b, bare(b, [proc, made], 'true')), { errnoName: 'ELOOP' });
});

test('the working folder cannot be one that the shim has open', { skip }, async (t) => {
  const b = await bench(t);
  makeRoot(b.dir);
  const tries = Array.from({ length: 30 }, (_, fd): PlanRecord => ({
    kind: 'chdir',
    track: c,
    path: `/proc/self/fd/${fd}`,
    soft: true,
  }));
  const plan = containerPlan(b.dir, ['/bin/sh', '-c', 'pwd; ls ../../../../../../../../tmp; readlink /proc/self/cwd']);
  plan.records.splice(-3, 0, ...tries);
  const { listener, shim } = await run(b, plan);
  await listener.exit();
  await shim.closed;
  assert.doesNotMatch(listener.text(), /bn-|unreachable/);
});

test('masked and read-only paths hold against the container itself', { skip }, async (t) => {
  const b = await bench(t);
  const root = makeRoot(b.dir);
  mkdirSync(join(root, 'hidden/below'), { recursive: true });
  mkdirSync(join(root, 'ro'));
  writeFileSync(join(root, 'file'), 'secret');
  const inside: PlanRecord[] = [
    { kind: 'mask', track: c, path: '/hidden' },
    { kind: 'make_readonly', track: c, path: '/ro' },
    { kind: 'mask', track: c, path: '/file' },
  ];
  const script = 'ls /hidden; echo x > /hidden/x; echo x > /ro/x; wc -c < /file';
  const plan = containerPlan(b.dir, ['/bin/busybox', 'sh', '-c', script], { inside });
  const { listener, shim } = await run(b, plan);
  await listener.exit();
  await shim.closed;
  assert.equal(listener.text(), '0\n');
  assert.match(listener.text(0, 'stderr'), /hidden\/x: Read-only file system\n.*ro\/x: Read-only file system/);
});
