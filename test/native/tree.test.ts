import assert from 'node:assert/strict';
import { chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { PlanRecord } from '../../packages/runtime/src/plan/record.ts';
import { mount, type MountSource, umount } from '../../packages/addon/src/mount.ts';
import { type Bench, bench, descriptorsOf, readOr, run, skip } from './bench.ts';
import { CLONE, containerPlan, makeRoot, MS, plainPlan } from './plans.ts';
import { firstId, idMap, treeAttach, treeOpen, withHost } from './user-plan.ts';

/** A folder of the host with a file of user 7. */
function volume(b: Bench): string {
  const folder = join(b.dir, 'volume');
  mkdirSync(folder, { mode: 0o755 });
  writeFileSync(join(folder, 'file'), 'content\n');
  chownSync(join(folder, 'file'), 7, 8);
  return folder;
}

/** Gone when its test ends, before anybody looks for what is left. */
function mounted(target: string, source: MountSource): Disposable {
  mount(target, source);
  return { [Symbol.dispose]: () => umount(target) };
}

async function outputOf(b: Bench, early: readonly PlanRecord[], inside: readonly PlanRecord[], script: string) {
  makeRoot(b.dir);
  const plan = containerPlan(b.dir, ['/bin/sh', '-c', script], { inside });
  const { listener } = await run(b, withHost(plan, early));
  await listener.exit();
  return listener.text() + listener.text(0, 'stderr');
}

test('trees that the shim opened appear where the process attaches them', { skip }, async (t) => {
  const b = await bench(t);
  const folder = volume(b);
  const text = await outputOf(
    b,
    [treeOpen(1, folder, { set: 1 }), treeOpen(255, join(folder, 'file'))],
    [treeAttach(1, '/a/new/folder'), treeAttach(255, '/a/file')],
    'cat /a/new/folder/file /a/file; echo > /a/new/folder/x || echo changed >> /a/file',
  );
  assert.match(text, /^content\ncontent\n.*read-only/is);
  assert.equal(readOr(join(folder, 'file')), 'content\nchanged\n');
});

test('an idmapped tree shows the mapped owners, and its files stay those of the host', { skip }, async (t) => {
  const b = await bench(t);
  const folder = volume(b);
  const text = await outputOf(
    b,
    [treeOpen(1, folder, { uidMap: '0 1000 10\n', gidMap: '0 2000 10\n' })],
    [treeAttach(1, '/mapped')],
    'stat -c "%u %g" /mapped /mapped/file; echo > /mapped/new; stat -c "%u %g" /mapped/new',
  );
  // Root of the container is no owner that the map knows.
  assert.match(text, /^1000 2000\n1007 2008\n.*too large/s);
});

test('an idmap reaches the mounts below only when it is recursive', { skip }, async (t) => {
  const b = await bench(t);
  const folder = volume(b);
  mkdirSync(join(folder, 'below'));
  using _ = mounted(join(folder, 'below'), { source: 'none', type: 'tmpfs' });
  const ids = { uidMap: idMap, gidMap: idMap };
  const text = await outputOf(
    b,
    [treeOpen(1, folder, ids), treeOpen(2, folder, { ...ids, recursiveMapping: 1 })],
    [treeAttach(1, '/one'), treeAttach(2, '/all')],
    'stat -c %u /one /one/below /all /all/below',
  );
  assert.equal(text, `${firstId}\n0\n${firstId}\n${firstId}\n`);
});

test('propagation of an opened tree is as asked', { skip }, async (t) => {
  const b = await bench(t);
  const folder = volume(b);
  using _ = mounted(folder, { source: folder, flags: MS.BIND });
  mount(folder, { flags: 0x100000 });
  mkdirSync(join(folder, 'later'));
  makeRoot(b.dir);
  const script = 'read line; cat /slave/later/x; ls /private/later';
  const { shim, listener } = await run(
    b,
    withHost(
      containerPlan(b.dir, ['/bin/sh', '-c', script], {
        stdin: true,
        inside: [treeAttach(1, '/slave'), treeAttach(2, '/private')],
      }),
      [
        treeOpen(1, folder, { propagation: MS.SLAVE | MS.REC }),
        treeOpen(2, folder, { propagation: MS.PRIVATE | MS.REC }),
      ],
    ),
  );
  using __ = mounted(join(folder, 'later'), { source: 'none', type: 'tmpfs' });
  writeFileSync(join(folder, 'later/x'), 'seen\n');
  await shim.writeStdin(0, Buffer.from('\n'));
  await listener.exit();
  assert.equal(listener.text(), 'seen\n');
});

test('trees that cannot be opened, mapped or attached fail their own step', { skip }, async (t) => {
  const b = await bench(t);
  const folder = volume(b);
  makeRoot(b.dir);
  const fails = (early: PlanRecord[], inside: PlanRecord[] = []) =>
    run(b, withHost(containerPlan(b.dir, ['/bin/true'], { inside }), early));
  const at = 2;
  await assert.rejects(fails([treeOpen(1, join(b.dir, 'none'))]), { errnoName: 'ENOENT', record: at });
  await assert.rejects(fails([treeOpen(0, folder)]), { errnoName: 'EINVAL', record: at });
  await assert.rejects(fails([treeOpen(256, folder)]), { errnoName: 'EINVAL', record: at });
  await assert.rejects(fails([treeOpen(1, folder), treeOpen(1, folder)]), { errnoName: 'EINVAL', record: at + 1 });
  await assert.rejects(fails([treeOpen(1, folder, { uidMap: 'x', gidMap: '0 0 1\n' })]), {
    errnoName: 'EINVAL',
    record: at,
  });
  // procfs maps no owners.
  await assert.rejects(fails([treeOpen(1, '/proc', { uidMap: idMap, gidMap: idMap, recursive: 0 })]), {
    errnoName: 'EINVAL',
    record: at,
  });
  await assert.rejects(fails([], [treeAttach(3, '/x')]), { errnoName: 'EBADF' });
  await assert.rejects(fails([treeOpen(1, folder)], [treeAttach(1, '/bin/sh')]), { errnoName: 'EINVAL' });
});

test('neither shim nor program keeps a tree open', { skip }, async (t) => {
  const b = await bench(t);
  const folder = volume(b);
  const plan = withHost(plainPlan(b.dir, ['/bin/busybox', 'sleep', '1000'], { flags: CLONE.NEWNS }), [
    treeOpen(1, folder),
    treeOpen(2, folder),
  ]);
  const { shim, listener, started } = await run(b, plan);
  const shimPid = readOr(`/proc/${started.pid}/stat`).split(' ')[3]!;
  for (const pid of [started.pid, shimPid]) {
    // The last two are the root and the working folder. A detached mount's name is '/', or ends in the folder's.
    const open = descriptorsOf(pid).slice(0, -2);
    assert.ok(open.length >= 3);
    assert.deepEqual(
      open.filter((target) => target === '/' || target.endsWith('volume')),
      [],
    );
  }
  await shim.signal(0, 9);
  await listener.exit();
});
