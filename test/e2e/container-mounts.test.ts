import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { whySkipped } from '../harness/engine.ts';
import { assertFailed, containerEngine } from './container-engine.ts';

describe('mounts of a container', { skip: whySkipped }, () => {
  const box = containerEngine();

  test('-v shows a host folder, for reading and writing', async () => {
    box.file('in', 'from the host');
    assert.equal(
      await box.print('cat /data/in; echo back > /data/out', ['-v', `${box.folder}:/data`]),
      'from the host',
    );
    assert.equal(readFileSync(path.join(box.folder, 'out'), 'utf8'), 'back\n');
  });

  test('-v with ro can only be read', async () => {
    box.file('in', 'kept');
    const { code, stderr } = await box.sh('echo x > /data/in', ['-v', `${box.folder}:/data:ro`]);
    assert.notEqual(code, 0);
    assert.match(stderr, /Read-only file system/);
    assert.equal(readFileSync(path.join(box.folder, 'in'), 'utf8'), 'kept');
  });

  test('-v shows a single file, over one that the image has or none', async () => {
    const file = box.file('passwd', 'someone:x:5:5::/:/bin/sh\n');
    const flags = ['-v', `${file}:/etc/passwd:ro`, '-v', `${file}:/new/deep/file`];
    assert.equal(
      await box.print('cat /etc/passwd /new/deep/file', flags),
      'someone:x:5:5::/:/bin/sh\n'.repeat(2).trim(),
    );
  });

  test('-v makes a missing source folder, --mount does not', async () => {
    const source = path.join(box.folder, 'made/here');
    assert.equal(await box.print('ls /data', ['-v', `${source}:/data`]), '');
    assert.ok(statSync(source).isDirectory());
    const absent = path.join(box.folder, 'absent');
    const ran = await box.sh('ls', ['--mount', `type=bind,source=${absent},target=/data`]);
    assertFailed(ran, 125, /bind mount source .*absent does not exist/);
    assert.ok(!existsSync(absent));
  });

  test('a file on a folder is refused with both named', async () => {
    const file = box.file('plain', '');
    assertFailed(await box.sh('ls', ['-v', `${file}:/tmp`]), 125, /cannot mount .*plain on \/tmp: one is a folder/);
    assertFailed(await box.sh('ls', ['-v', `${box.folder}:/etc/passwd`]), 125, /on \/etc\/passwd: one is a folder/);
  });

  test('--mount takes bind and tmpfs with their options', async () => {
    box.file('in', 'bound');
    const flags = [
      ['--mount', `type=bind,src=${box.folder},dst=/data,readonly`],
      ['--mount', 'type=tmpfs,target=/scratch,tmpfs-size=1m,tmpfs-mode=1700'],
    ].flat();
    const script =
      'cat /data/in; touch /data/x 2>/dev/null || echo ro; stat -c %a /scratch; df -k /scratch | tail -1 | tr -s " " | cut -d" " -f2';
    const [bound, mode, size] = (await box.print(script, flags)).split('\n');
    assert.deepEqual([bound, mode, size], ['boundro', '1700', '1024']);
  });

  test('--tmpfs is empty, without programs, set-user bits and devices, and of its size', async () => {
    const script =
      'grep " /scratch " /proc/self/mountinfo; dd if=/dev/zero of=/scratch/f bs=1k count=200 2>&1 | grep -c space';
    const [mount, full] = (await box.print(script, ['--tmpfs', '/scratch:size=100k'])).split('\n');
    for (const option of ['nosuid', 'nodev', 'noexec', 'size=100k'])
      assert.ok(mount?.includes(option), `${option} in ${mount}`);
    assert.equal(full, '1');
    const exec = await box.print('grep -c "scratch.*noexec" /proc/self/mountinfo || true', [
      '--tmpfs',
      '/scratch:exec',
    ]);
    assert.equal(exec, '0');
  });

  test('--read-only keeps the root, but not mounts and devices', async () => {
    const script = 'touch /new 2>/dev/null || echo root; touch /tmp/new && echo tmp; echo x > /dev/null && echo null';
    assert.equal(await box.print(script, ['--read-only', '--tmpfs', '/tmp']), 'root\ntmp\nnull');
  });

  test('what is written to the root stays in this container alone, until it is removed', async () => {
    await box.expect([
      'create',
      '--name',
      'writer',
      'busybox',
      'sh',
      '-c',
      'cat /mark 2>/dev/null; echo -n x >> /mark',
    ]);
    assert.equal(await box.expect(['start', '-a', 'writer']), '');
    assert.equal(await box.expect(['start', '-a', 'writer']), 'x');
    assert.equal(await box.print('ls /mark 2>/dev/null || echo none'), 'none');
  });

  test('a mount point behind a link of the image stays inside of the container', async () => {
    const outside = path.join(box.folder, 'outside');
    mkdirSync(outside);
    const link = path.join(box.folder, 'link');
    symlinkSync(outside, link);
    const layers = [
      [
        { path: 'bin/', mode: 0o755 },
        { path: 'bin/busybox', mode: 0o755, body: readFileSync('/bin/busybox') },
        { path: 'bin/sh', symlink: 'busybox' },
        { path: 'escape', symlink: outside },
        { path: 'up', symlink: '../../../../../../../..' },
      ],
    ];
    await box.load('linked', { layers });
    const source = path.join(box.folder, 'source');
    mkdirSync(source);
    for (const target of ['/escape/in', '/up/tmp/in', '/escape']) {
      const ran = await box.berth(['run', '--rm', '-v', `${source}:${target}`, 'linked', 'sh', '-c', ':']);
      assert.equal(ran.code, 0, ran.stderr);
    }
    assert.ok(!existsSync(path.join(outside, 'in')));
    assert.ok(!existsSync('/tmp/in'));
  });

  test('mounts are made in the order of their depth, and -v wins over the engine’s own files', async () => {
    const hosts = box.file('hosts', 'own hosts');
    mkdirSync(path.join(box.folder, 'deep/inner'), { recursive: true });
    const flags = ['-v', `${hosts}:/a/deep/inner/hosts`, '-v', `${box.folder}:/a`, '-v', `${hosts}:/etc/hosts`];
    assert.equal(await box.print('cat /etc/hosts /a/deep/inner/hosts', flags), 'own hostsown hosts');
  });

  test('volumes that cannot be are refused by name', async () => {
    assertFailed(await box.sh('ls', ['-v', 'data:/data']), 125, /named volume 'data'/);
    assertFailed(await box.sh('ls', ['-v', '/tmp:relative']), 125, /invalid mount path 'relative'/);
    assertFailed(await box.sh('ls', ['-v', '/tmp:/']), 125, /over the root/);
    assertFailed(await box.sh('ls', ['-v', '/tmp:/x:bogus']), 125, /unknown option 'bogus'/);
    assertFailed(await box.sh('ls', ['--mount', 'type=bind,target=/x']), 125, /source is required/);
    assertFailed(await box.sh('ls', ['--mount', 'type=nfs,target=/x']), 125, /unknown mount type 'nfs'/);
    assertFailed(await box.sh('ls', ['--tmpfs', 'relative']), 125, /invalid mount path 'relative'/);
    assertFailed(await box.sh('ls', ['--tmpfs', '/x:size=lots']), 125, /size=lots/);
  });
});
