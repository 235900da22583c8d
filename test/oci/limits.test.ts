import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { newestRunc, noNewestRunc } from '../harness/runc.ts';
import { Box, isPeer, until, whySkipped } from './box.ts';

/** What a file of the container's cgroup says, v1 or v2. */
function cgroupValue(box: Box, names: readonly string[]): string | undefined {
  const folder = `${box.cgroupParent}/${box.id}`;
  for (const name of names) {
    const controller = name.slice(0, name.indexOf('.'));
    for (const mount of [`/sys/fs/cgroup/${controller}`, '/sys/fs/cgroup']) {
      const file = path.join(mount, folder, name);
      if (existsSync(file)) return readFileSync(file, 'utf8').trim();
    }
  }
  return undefined;
}

const memory = (box: Box) => cgroupValue(box, ['memory.limit_in_bytes', 'memory.max']);
const pids = (box: Box) => cgroupValue(box, ['pids.max']);

describe('what runs, and how much it may use', { skip: whySkipped }, () => {
  test('a paused container stands still until it is resumed', async () => {
    await using box = new Box();
    await box.running('while true; do echo x >> /tmp/ticks; sleep 0.02; done');
    const ticks = path.join(box.rootfs, 'tmp/ticks');
    const count = () => (existsSync(ticks) ? readFileSync(ticks).length : 0);
    await until(() => count() > 4, 'it ticks');
    await box.expect(['pause', box.id]);
    assert.equal((await box.state()).status, 'paused');
    const paused = count();
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.equal(count(), paused);
    await box.refuse(['pause', box.id], /container not running/);
    await box.refuse(['delete', box.id], /not stopped: paused/);
    await box.expect(['resume', box.id]);
    assert.equal((await box.state()).status, 'running');
    await until(() => count() > paused, 'it ticks again');
    await box.refuse(['resume', box.id], /container not paused/);
  });

  test('a paused container is killed and deleted all the same', async () => {
    await using box = new Box();
    await box.running();
    await box.expect(['pause', box.id]);
    await box.expect(['delete', '--force', box.id]);
    await box.assertNothingLeft();
  });

  test('ps shows the processes of the container and no others', async () => {
    await using box = new Box();
    const { pid } = await box.running('sleep 1000 & exec sleep 1001');
    await until(
      async () => (JSON.parse(await box.expect(['ps', '-f', 'json', box.id])) as number[]).length === 2,
      'two',
    );
    const found = JSON.parse(await box.expect(['ps', '--format', 'json', box.id])) as number[];
    assert.ok(found.includes(pid));
    const table = await box.expect(['ps', box.id]);
    assert.match(table, /^UID +PID .*\n(.*sleep 100[01]\n?){2}$/);
    assert.match(await box.expect(['ps', box.id, '-o', 'pid,comm']), /^ +PID COMMAND\n( *\d+ sleep\n?){2}$/);
    await box.refuse(['ps', '-f', 'xml', box.id], /invalid format option/);
  });

  test('limits are set by flags, and those not named stay', async () => {
    await using box = new Box();
    box.spec.linux.resources = { ...box.spec.linux.resources, pids: { limit: 50 } };
    await box.running();
    await box.expect(['update', '--memory', '67108864', box.id]);
    assert.deepEqual([memory(box), pids(box)], ['67108864', '50']);
    await box.expect(['update', '--pids-limit', '20', box.id]);
    assert.deepEqual([memory(box), pids(box)], ['67108864', '20']);
    await box.expect(['update', '--memory', '32m', '--cpu-share', '512', box.id]);
    assert.equal(memory(box), String(32 << 20));
  });

  test('limits are set from a file and from standard input', async () => {
    await using box = new Box();
    await box.running();
    const file = path.join(box.folder, 'resources.json');
    writeFileSync(file, JSON.stringify({ memory: { limit: 50_331_648 } }));
    await box.expect(['update', '-r', file, box.id]);
    assert.equal(memory(box), '50331648');
    await box.expect(['update', '--resources', '-', box.id], { input: '{"pids":{"limit":33}}' });
    assert.deepEqual([memory(box), pids(box)], ['50331648', '33']);
    writeFileSync(file, '{"memory": {"limit": "much"}}');
    await box.refuse(['update', '-r', file, box.id], /./);
    assert.equal(memory(box), '50331648');
  });

  test('a limit that the kernel does not take is refused, and what is not running has none', async () => {
    await using box = new Box();
    await box.running();
    await box.refuse(['update', '--cpuset-cpus', '4000-4001', box.id], /./);
    await box.refuse(['update', '--memory', 'lots', box.id], /./);
    await box.stop();
    await box.refuse(['update', '--memory', '67108864', box.id], /./);
  });

  test('a limit that not even the start fits into is named as the cause', async () => {
    await using box = new Box();
    box.spec.linux.resources = { ...box.spec.linux.resources, memory: { limit: 4096 } };
    box.script('true');
    await box.refuse(['run', '--bundle', box.bundle, box.id], /OOM-killed \(memory limit too low/);
  });

  test('a cgroup that somebody uses, or that stands still, is refused and left alone', async (t) => {
    await using box = new Box();
    await using other = new Box();
    await box.running();
    other.spec.linux.cgroupsPath = box.spec.linux.cgroupsPath;
    other.script('true');
    await other.refuse(['create', '--bundle', other.bundle, other.id], isPeer ? /not empty/ : /is in use by 1 process/);
    await other.assertNothingLeft();
    assert.equal((await box.state()).status, 'running');
    const frozen = `/sys/fs/cgroup/freezer${other.cgroupParent}/${other.id}`;
    if (!existsSync('/sys/fs/cgroup/freezer')) return t.skip('no freezer hierarchy of cgroup v1 here');
    other.spec.linux.cgroupsPath = `${other.cgroupParent}/${other.id}`;
    other.write();
    mkdirSync(frozen, { recursive: true });
    writeFileSync(`${frozen}/freezer.state`, 'FROZEN');
    await other.refuse(['create', '--bundle', other.bundle, other.id], /frozen/);
    rmdirSync(frozen);
  });

  test('the statistics have the numbers that monitors read', async () => {
    await using box = new Box();
    await box.running();
    const event = JSON.parse(await box.expect(['events', '--stats', box.id])) as {
      readonly type: string;
      readonly id: string;
      readonly data: {
        readonly cpu: { readonly usage: { readonly total: number } };
        readonly memory: { readonly usage: { readonly usage: number; readonly limit: number } };
        readonly pids: { readonly current: number };
      };
    };
    assert.deepEqual([event.type, event.id, event.data.pids.current], ['stats', box.id, 1]);
    assert.ok(event.data.cpu.usage.total > 0);
    assert.ok(event.data.memory.usage.usage > 0 && event.data.memory.usage.limit > event.data.memory.usage.usage);
  });

  const runc = newestRunc() ?? '';

  test('the statistics have the form that runc gives them', { skip: runc === '' && noNewestRunc }, async () => {
    await using box = new Box();
    await box.running();
    // runc's own container, with the same limits: each member that it has we have too, of the same kind. It leaves out zeros.
    const root = path.join(box.folder, 'runc');
    box.spec.linux.cgroupsPath = `${box.cgroupParent}/peer`;
    box.write();
    const peer = (...args: string[]) =>
      execFileSync(runc, ['--root', root, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
    execFileSync(runc, ['--root', root, 'run', '--detach', '--bundle', box.bundle, 'peer'], { stdio: 'ignore' });
    try {
      const theirs = JSON.parse(peer('events', '--stats', 'peer').toString()) as { readonly data: unknown };
      const ours = JSON.parse(await box.expect(['events', '--stats', box.id])) as { readonly data: unknown };
      assert.deepEqual(missing(theirs.data, ours.data), []);
    } finally {
      peer('delete', '--force', 'peer');
    }
  });

  test('events tell of a process that was killed for want of memory, and end with the container', async () => {
    await using box = new Box();
    box.spec.linux.resources = { ...box.spec.linux.resources, memory: { limit: 16 << 20 } };
    await box.running('while [ ! -e /tmp/go ]; do sleep 0.05; done; tail -c 64000000 /dev/zero; sleep 1000');
    const at = path.join(box.folder, 'events');
    const child = box.start(['events', '--interval', '1s', box.id], at);
    const ended = new Promise((resolve) => child.once('exit', resolve));
    const said = () => readFileSync(`${at}.out`, 'utf8');
    await until(() => said().includes('"stats"'), 'statistics come');
    writeFileSync(path.join(box.rootfs, 'tmp/go'), '');
    await until(() => said().includes('"oom"'), 'the kill is told');
    await box.stop();
    await box.expect(['delete', box.id]);
    assert.equal(await ended, 0);
  });

  test('a time between statistics that is none is refused', async () => {
    await using box = new Box();
    await box.running();
    await box.refuse(['events', '--interval', '0s', box.id], /greater than 0|interval/);
    await box.refuse(['events', '--interval', 'soon', box.id], /./);
  });
});

/** Members of one value that the other has not, or of another kind; but for tables of devices, which are of the moment. */
function missing(wanted: unknown, found: unknown, at = 'data'): string[] {
  if (typeof wanted !== typeof found) return [`${at}: ${typeof found} is no ${typeof wanted}`];
  if (typeof wanted !== 'object' || wanted === null || Array.isArray(wanted)) return [];
  const members = Object.entries(wanted).filter(([name]) => name !== 'blkio');
  return members.flatMap(([name, each]) => missing(each, (found as Record<string, unknown>)[name], `${at}.${name}`));
}
