import assert from 'node:assert/strict';
import { chmodSync, chownSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { Box, type CallOptions, whySkipped } from './box.ts';

const user = 1000;
const setpriv = '/usr/bin/setpriv';
const skip = whySkipped || (existsSync(setpriv) ? false : 'needs setpriv of util-linux');

/** A box for a user without root: he is root in a user namespace of one id. */
function rootlessBox(): { readonly box: Box; readonly asUser: CallOptions } {
  const box = new Box();
  const { spec } = box;
  spec.linux.namespaces = ['user', 'pid', 'mount', 'uts', 'ipc'].map((type) => ({ type }));
  spec.linux['uidMappings'] = [{ containerID: 0, hostID: user, size: 1 }];
  spec.linux['gidMappings'] = [{ containerID: 0, hostID: user, size: 1 }];
  delete spec.linux.resources;
  delete spec.linux.cgroupsPath;
  spec.mounts = [
    { destination: '/proc', type: 'proc', source: 'proc' },
    { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'mode=755', 'size=64k'] },
    { destination: '/sys', type: 'none', source: '/sys', options: ['rbind', 'ro', 'nosuid', 'noexec', 'nodev'] },
  ];
  for (const folder of [box.folder, box.bundle, box.rootfs, `${box.rootfs}/tmp`]) chownSync(folder, user, user);
  const prefix = [setpriv, '--reuid', String(user), '--regid', String(user), '--clear-groups', '--'];
  return { box, asUser: { prefix, env: { XDG_RUNTIME_DIR: box.folder } } };
}

/** Has the user a name and these ranges, for one command and what it starts. */
function grant(box: Box, ranges: string, { prefix = [], ...options }: CallOptions): CallOptions {
  const passwd = `root:x:0:0::/:/bin/sh\nbox:x:${user}:${user}::/:/bin/sh\n`;
  const files = { passwd, group: `box:x:${user}:\n`, subuid: ranges, subgid: ranges };
  const mounts = Object.entries(files).map(([name, text]) => {
    const file = path.join(box.folder, name);
    writeFileSync(file, text);
    return `mount --bind ${file} /etc/${name} && `;
  });
  return { ...options, prefix: ['unshare', '--mount', 'sh', '-c', `${mounts.join('')} exec "$@"`, 'sh', ...prefix] };
}

describe('a user without root', { skip }, () => {
  test('runs a container as root of his own user namespace', async () => {
    const { box, asUser } = rootlessBox();
    await using _ = box;
    box.script('id -u; cat /proc/self/uid_map; hostname; exit 6');
    const ran = await box.call(['run', '-b', box.bundle, box.id], asUser);
    assert.equal(ran.code, 6, ran.stderr);
    assert.match(ran.stdout, /^0\n +0 +1000 +1\nbox\n$/);
  });

  test('creates, starts, looks at, runs in, kills and deletes one', async () => {
    const { box, asUser } = rootlessBox();
    await using _ = box;
    box.script('sleep 1000');
    await box.expect(['create', '-b', box.bundle, box.id], asUser);
    await box.expect(['start', box.id], asUser);
    assert.match(await box.expect(['state', box.id], asUser), /"status": "running"/);
    assert.equal(await box.expect(['exec', box.id, 'sh', '-c', 'id -u; hostname'], asUser), '0\nbox\n');
    const pids = JSON.parse(await box.expect(['ps', '-f', 'json', box.id], asUser)) as number[];
    assert.equal(pids.length, 1);
    await box.expect(['kill', box.id, 'KILL'], asUser);
    await box.expect(['delete', '--force', box.id], asUser);
    await box.assertNothingLeft();
  });

  test('has what an image folder holds in a tmpfs over it', async () => {
    const { box, asUser } = rootlessBox();
    await using _ = box;
    writeFileSync(`${box.rootfs}/tmp/file`, 'of the image');
    chownSync(`${box.rootfs}/tmp/file`, user, user);
    box.spec.mounts.push({ destination: '/tmp', type: 'tmpfs', source: 'tmpfs', options: ['tmpcopyup'] });
    box.script('cat /tmp/file; echo " and more" >> /tmp/file; cat /tmp/file; stat -c %u /tmp/file');
    const ran = await box.call(['run', '-b', box.bundle, box.id], asUser);
    assert.equal(ran.stdout, 'of the imageof the image and more\n0\n', ran.stderr);
    assert.equal(readFileSync(`${box.rootfs}/tmp/file`, 'utf8'), 'of the image');
  });

  const mappers = ['/usr/bin/newuidmap', '/usr/bin/newgidmap'];
  const noMappers = mappers.every((file) => existsSync(file)) ? false : 'needs newuidmap and newgidmap of uidmap';

  test('has the ranges that /etc/subuid and /etc/subgid grant him', { skip: noMappers }, async () => {
    const { box, asUser } = rootlessBox();
    await using _ = box;
    const maps = [
      { containerID: 0, hostID: user, size: 1 },
      { containerID: 1, hostID: 300_000, size: 1000 },
    ];
    Object.assign(box.spec.linux, { uidMappings: maps, gidMappings: maps });
    box.spec.process.user = { uid: 7, gid: 8, additionalGids: [9] };
    box.spec.process.capabilities = {};
    const granted = grant(box, 'box:300000:1000\n', asUser);
    box.script('id -u; id -g; id -G; cat /proc/self/uid_map; touch /tmp/x');
    chmodSync(`${box.rootfs}/tmp`, 0o777);
    const ran = await box.call(['run', '-b', box.bundle, box.id], granted);
    assert.equal(ran.code, 0, ran.stderr);
    assert.match(ran.stdout, /^7\n8\n8 9\n +0 +1000 +1\n +1 +300000 +1000\n$/);
    assert.equal(statSync(`${box.rootfs}/tmp/x`).uid, 300_006);
    await box.assertNothingLeft();
  });

  test('is refused ranges that nobody granted, by the program that checks them', { skip: noMappers }, async () => {
    const { box, asUser } = rootlessBox();
    await using _ = box;
    const maps = [
      { containerID: 0, hostID: user, size: 1 },
      { containerID: 1, hostID: 300_000, size: 1000 },
    ];
    Object.assign(box.spec.linux, { uidMappings: maps, gidMappings: maps });
    box.script('true');
    const ran = await box.call(['run', '-b', box.bundle, box.id], grant(box, 'box:500000:10\n', asUser));
    assert.equal(ran.code, 1);
    assert.match(ran.stderr, /newuidmap: .*\/etc\/subuid/s);
    await box.assertNothingLeft();
  });

  test('is told what he may not have: a spec without a user namespace', async () => {
    const { box, asUser } = rootlessBox();
    await using _ = box;
    box.spec.linux.namespaces = box.spec.linux.namespaces.filter(({ type }) => type !== 'user');
    delete box.spec.linux['uidMappings'];
    delete box.spec.linux['gidMappings'];
    box.script('true');
    const ran = await box.call(['run', '-b', box.bundle, box.id], asUser);
    assert.equal(ran.code, 1);
    assert.match(ran.stderr, /user namespace/);
    await box.assertNothingLeft();
  });
});
