import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { Box, isPeer, whySkipped } from './box.ts';

const skip = whySkipped || (isPeer ? 'runc does not take another criu' : false);

/** A criu that says what it was asked, and does what the script says. */
function fakeCriu(box: Box, script: string): { readonly env: Record<string, string>; said(): string } {
  const folder = path.join(box.folder, 'path');
  mkdirSync(folder, { recursive: true });
  const said = path.join(box.folder, 'criu-words');
  writeFileSync(path.join(folder, 'criu'), `#!/bin/sh\necho "$@" > ${said}\n${script}\n`);
  chmodSync(path.join(folder, 'criu'), 0o755);
  const env = { PATH: `${folder}:${process.env['PATH']}` };
  return { env, said: () => (existsSync(said) ? readFileSync(said, 'utf8') : '') };
}

describe('checkpoint and restore', { skip }, () => {
  test('criu is told what to write, and the container is gone afterwards', async () => {
    await using box = new Box();
    const { pid } = await box.running();
    const images = path.join(box.folder, 'images');
    const criu = fakeCriu(box, `kill -9 ${pid}`);
    const flags = ['--image-path', images, '--work-path', box.folder, '--tcp-established', '--file-locks'];
    await box.expect(['checkpoint', ...flags, box.id], { env: criu.env });
    assert.match(criu.said(), new RegExp(`^dump --tree ${pid} --root ${box.rootfs} --images-dir ${images} `));
    assert.match(criu.said(), /--tcp-established --file-locks/);
    assert.ok(existsSync(path.join(images, 'descriptors.json')));
    await box.assertNothingLeft();
  });

  test('a container that is left running stays', async () => {
    await using box = new Box();
    await box.running();
    const criu = fakeCriu(box, 'exit 0');
    const flags = ['--image-path', path.join(box.folder, 'images'), '--leave-running'];
    await box.expect(['checkpoint', ...flags, box.id], { env: criu.env });
    assert.match(criu.said(), /--leave-running/);
    assert.equal((await box.state()).status, 'running');
  });

  test('a failure shows what the log says and where it is, and harms nothing', async () => {
    await using box = new Box();
    await box.running();
    const images = path.join(box.folder, 'images');
    const { env } = fakeCriu(box, `echo '(00.1) Error (criu/x.c:1): cannot do that' > ${images}/dump.log; exit 1`);
    const ran = await box.call(['checkpoint', '--image-path', images, box.id], { env });
    assert.equal(ran.code, 1);
    assert.match(ran.stderr, /criu dump failed .*cannot do that.*images\/dump\.log/);
    assert.equal((await box.state()).status, 'running');
  });

  test('without criu both say so', async () => {
    await using box = new Box();
    await box.running();
    const env = { PATH: '/nosuch' };
    // The command itself needs no PATH.
    const checkpoint = await box.call(['checkpoint', '--image-path', `${box.folder}/i`, box.id], { env });
    assert.match(checkpoint.stderr, /criu is not installed/);
    const restore = await box.call(['restore', '-b', box.bundle, '--image-path', `${box.folder}/i`, 'other'], { env });
    assert.match(restore.stderr, /criu is not installed/);
    assert.deepEqual([checkpoint.code, restore.code], [1, 1]);
  });

  test('a restored process is a container like any other', async () => {
    await using box = new Box();
    box.script('sleep 1000');
    const images = path.join(box.folder, 'images');
    mkdirSync(images);
    // What criu does as far as we can see: a process that outlives it, and its number in a file.
    const script = 'while [ "$1" != --pidfile ]; do shift; done; sleep 998 & echo $! > $2';
    const criu = fakeCriu(box, script);
    const flags = ['--bundle', box.bundle, '--image-path', images, '--detach', '--pid-file', `${box.folder}/pid`];
    await box.expect(['restore', ...flags, box.id], { env: criu.env });
    const { pid, status } = await box.state();
    assert.equal(status, 'running');
    assert.equal(readFileSync(`${box.folder}/pid`, 'utf8'), String(pid));
    assert.match(criu.said(), new RegExp(`^restore --restore-detached --pidfile .* --root ${box.rootfs} `));
    await box.stop();
    await box.expect(['delete', box.id]);
    await box.assertNothingLeft();
  });

  test('a restore that fails leaves nothing', async () => {
    await using box = new Box();
    box.script('sleep 1000');
    const images = path.join(box.folder, 'images');
    mkdirSync(images);
    const { env } = fakeCriu(box, `echo '(00.1) Error (criu/y.c:1): no such image' > ${images}/restore.log; exit 1`);
    const ran = await box.call(['restore', '--bundle', box.bundle, '--image-path', images, box.id], { env });
    assert.equal(ran.code, 1);
    assert.match(ran.stderr, /criu restore failed.*no such image.*restore\.log/);
    await box.assertNothingLeft();
  });

  test('a container with a terminal is refused by name, and nothing is made', async () => {
    await using box = new Box();
    box.script('sleep 1000');
    const restore = ['restore', '--bundle', box.bundle, '--image-path', box.folder];
    await box.refuse([...restore, '--console-socket', '/run/none', box.id], /--console-socket: .*cannot be restored/);
    box.spec.process.terminal = true;
    box.write();
    await box.refuse([...restore, box.id], /process\.terminal: .*cannot be restored/);
    await box.assertNothingLeft();
  });
});
