import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chownSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { isKind } from '@berth/model/error';
import { MountPropagation, NamespaceMode } from '@berth/wire/gen/cri/v1/api_pb';
import { whySkipped } from '../harness/engine.ts';
import { testImage } from '../harness/images.ts';
import { whyNoRegistry } from '../harness/registry.ts';
import { mountsBelow } from '../harness/sweep.ts';
import { PodPlace } from './pod-place.ts';
import { seed } from './registry-image.ts';

describe('mounts and user namespaces of pods', { skip: whySkipped || whyNoRegistry }, () => {
  let place: PodPlace;
  before(async () => {
    place = await PodPlace.open();
    const image = await place.image('words');
    await place.create(await place.run(), { mounts: [{ containerPath: '/image', readonly: true, image: { image } }] });
    await place.settle();
  });
  afterEach(() => place.removeAll());
  after(async () => {
    await using _ = place;
    await place.assertNothingLeft();
  });

  const hostFolder = (name: string) => {
    const folder = path.join(place.folder, name);
    mkdirSync(folder, { recursive: true });
    return folder;
  };
  const mounted = (script: string, target: string) => {
    const { status, stderr } = spawnSync('sh', ['-c', script], { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    return { [Symbol.dispose]: () => void spawnSync('umount', ['--recursive', target]) };
  };

  test('a folder of the host, made where it is missing, read-only where asked', async () => {
    const hostPath = path.join(place.folder, 'new', 'deep');
    const pod = await place.run();
    const id = await place.start(pod, {
      mounts: [
        { containerPath: '/rw', hostPath },
        { containerPath: '/ro', hostPath, readonly: true },
      ],
    });
    await place.sh(id, 'echo hello >/rw/file');
    assert.equal(readFileSync(path.join(hostPath, 'file'), 'utf8'), 'hello\n');
    assert.notEqual((await place.try(id, 'touch /ro/x')).exitCode, 0);
  });

  test('the pod’s files are shared by its containers', async () => {
    const pod = await place.run({ hostname: 'shared-name', dnsConfig: { servers: ['10.9.8.7'], searches: ['a.b'] } });
    const one = await place.start(pod);
    const two = await place.start(pod);
    await place.sh(one, 'echo x >/dev/shm/file; echo 1.2.3.4 added >>/etc/hosts');
    assert.equal(await place.sh(two, 'cat /dev/shm/file; tail -n 1 /etc/hosts'), 'x\n1.2.3.4 added');
    assert.equal(await place.sh(two, 'hostname; cat /etc/hostname'), 'shared-name\nshared-name');
    assert.equal(await place.sh(two, 'cat /etc/resolv.conf'), 'search a.b\nnameserver 10.9.8.7');
    assert.match(await place.sh(two, 'df -m /dev/shm | tail -n 1'), /^shm\s+64\s/);
  });

  test('mounts reach the container, or the host too, as the propagation says', async () => {
    const hostPath = hostFolder('shared');
    using _ = mounted(`mount -t tmpfs shared ${hostPath} && mount --make-rshared ${hostPath}`, hostPath);
    const pod = await place.run({ linux: { securityContext: { privileged: true } } });
    const linux = { securityContext: { privileged: true } };
    const mount = { containerPath: '/vol', hostPath };
    const { PROPAGATION_BIDIRECTIONAL, PROPAGATION_HOST_TO_CONTAINER } = MountPropagation;
    const both = await place.start(pod, { linux, mounts: [{ ...mount, propagation: PROPAGATION_BIDIRECTIONAL }] });
    const slave = await place.start(pod, { linux, mounts: [{ ...mount, propagation: PROPAGATION_HOST_TO_CONTAINER }] });
    const own = await place.start(pod, { linux, mounts: [mount] });
    await place.sh(both, 'mkdir /vol/inner && mount -t tmpfs from-container /vol/inner && echo deep >/vol/inner/f');
    assert.equal(readFileSync(path.join(hostPath, 'inner', 'f'), 'utf8'), 'deep\n');
    assert.equal(await place.sh(slave, 'cat /vol/inner/f'), 'deep');
    assert.notEqual((await place.try(own, 'cat /vol/inner/f')).exitCode, 0);
    for (const id of [both, slave]) {
      assert.equal(
        await place.sh(id, 'grep -c " /vol " /proc/self/mounts; grep -c " /vol/inner " /proc/self/mounts'),
        '1\n1',
      );
    }
  });

  test('what the host keeps private cannot be shared', async () => {
    const hostPath = hostFolder('private');
    using _ = mounted(`mount -t tmpfs private ${hostPath} && mount --make-private ${hostPath}`, hostPath);
    const pod = await place.run();
    const propagation = MountPropagation.PROPAGATION_HOST_TO_CONTAINER;
    await assert.rejects(
      place.create(pod, { mounts: [{ containerPath: '/vol', hostPath, propagation }] }),
      (error) => isKind(error, 'invalid_argument') && /mounts\[0\]\.propagation/.test(error.message),
    );
  });

  test('recursively read-only reaches what is mounted below', async () => {
    const hostPath = hostFolder('tree');
    using _ = mounted(
      `mount -t tmpfs top ${hostPath} && mkdir ${hostPath}/sub && mount -t tmpfs sub ${hostPath}/sub`,
      hostPath,
    );
    const pod = await place.run();
    const mount = { hostPath, readonly: true };
    const id = await place.start(pod, {
      mounts: [
        { ...mount, containerPath: '/top' },
        { ...mount, containerPath: '/all', recursiveReadOnly: true },
      ],
    });
    await place.sh(id, 'touch /top/sub/x');
    assert.notEqual((await place.try(id, 'touch /all/sub/x')).exitCode, 0);
  });

  test('a device of the host under a name of its own', async () => {
    const pod = await place.run();
    const device = { hostPath: '/dev/null', containerPath: '/dev/hole', permissions: 'rw' };
    const id = await place.start(pod, { devices: [device] });
    assert.equal(await place.sh(id, 'echo x >/dev/hole; stat -c "%t %T" /dev/hole'), '1 3');
    const missing = { ...device, hostPath: '/dev/not-there' };
    await assert.rejects(place.create(pod, { devices: [missing] }), /devices\[0\].*\/dev\/not-there/);
  });

  test('a volume of the image begins with its files, and can be written to with a read-only root', async () => {
    const pod = await place.run();
    const run = { Volumes: { '/etc': {}, '/new/deep': {} }, Cmd: ['sleep', '1000'] };
    await seed(place.images.registry, 'volumes:1', testImage({ run }));
    const image = `${place.images.registry.host}/volumes:1`;
    await place.cri.images.pullImage({ image: { image } });
    const linux = { securityContext: { readonlyRootfs: true } };
    const id = await place.start(pod, { linux }, image);
    await place.sh(id, 'head -n 1 /etc/passwd && touch /etc/new /new/deep/x');
    assert.notEqual((await place.try(id, 'touch /new/x')).exitCode, 0);
    await place.remove(pod);
    await place.cri.images.removeImage({ image: { image } });
  });

  test('an image as a volume: read-only, one mount for the pod, gone when the pod is stopped', async () => {
    const image = await place.image('words');
    const pod = await place.run();
    const volume = { containerPath: '/image', readonly: true, image: { image } };
    const first = await place.start(pod, { mounts: [volume] });
    const second = await place.start(pod, { mounts: [{ ...volume, imageSubPath: 'etc' }] });
    assert.match(await place.sh(first, 'cat /image/etc/passwd'), /^root:/);
    assert.match(await place.sh(second, 'cat /image/passwd'), /^root:/);
    assert.notEqual((await place.try(first, 'touch /image/x')).exitCode, 0);
    const volumes = () => mountsBelow(place.engine.run).filter((mount) => mount.includes('image-volumes'));
    assert.equal(volumes().length, 1);
    const missing = { ...volume, imageSubPath: 'nowhere' };
    await assert.rejects(place.create(pod, { mounts: [missing] }), /image_sub_path.*nowhere/);
    // Its layers stay as long as the mount.
    await place.cri.images.removeImage({ image: { image } });
    await place.crash();
    assert.match(await place.sh(first, 'cat /image/etc/passwd'), /^root:/);
    await place.cri.runtime.stopPodSandbox({ podSandboxId: pod });
    assert.deepEqual(volumes(), []);
  });

  describe('with a user namespace', () => {
    const hostId = 300_000;
    const range = [{ hostId, containerId: 0, length: 65_536 }];
    const usernsOptions = { mode: NamespaceMode.POD, uids: range, gids: range };
    const securityContext = { namespaceOptions: { pid: NamespaceMode.CONTAINER, usernsOptions } };

    test('root of the container owns its files and is nobody on the host', async () => {
      const pod = await place.run({ linux: { securityContext } });
      const id = await place.start(pod, { linux: { securityContext } });
      assert.equal(await place.sh(id, 'cat /proc/self/uid_map | tr -s " "'), ` 0 ${hostId} 65536`);
      assert.equal(await place.sh(id, 'id -u; stat -c %u:%g /bin/busybox /etc /root'), '0\n0:0\n0:0\n0:0');
      await place.sh(
        id,
        'touch /root/x /x /etc/y && chown 1000:1000 /x && rm /etc/y && echo >>/etc/hosts && mkdir /bin/d',
      );
      assert.equal(await place.sh(id, 'stat -c %u /x'), '1000');
      assert.equal(await place.sh(id, 'ls /sys/class/net'), 'eth0\nlo');
      await place.sh(id, 'echo x >/dev/shm/f && echo >/dev/null');
      assert.equal(await place.sh(id, 'echo again >/dev/stdout'), 'again');
    });

    test('a volume with the pod’s maps shows its files as the container’s', async () => {
      const hostPath = hostFolder('volume');
      writeFileSync(path.join(hostPath, 'file'), 'x');
      chownSync(path.join(hostPath, 'file'), 1000, 1000);
      const pod = await place.run({ linux: { securityContext } });
      const mount = { containerPath: '/vol', hostPath, uidMappings: range, gidMappings: range };
      const id = await place.start(pod, { linux: { securityContext }, mounts: [mount] });
      assert.equal(await place.sh(id, 'stat -c %u /vol/file; touch /vol/new'), '1000');
      assert.equal(statSync(path.join(hostPath, 'new')).uid, 0);
    });

    test('an image volume has mapped files too', async () => {
      const image = await place.image('words');
      const pod = await place.run({ linux: { securityContext } });
      const mounts = [
        { containerPath: '/image', readonly: true, image: { image }, uidMappings: range, gidMappings: range },
      ];
      const id = await place.start(pod, { linux: { securityContext }, mounts });
      assert.equal(await place.sh(id, 'stat -c %u /image/etc/passwd'), '0');
    });

    test('in the network of the host it sees the host’s sysfs, read-only', async () => {
      const namespaceOptions = { network: NamespaceMode.NODE, pid: NamespaceMode.CONTAINER, usernsOptions };
      const linux = { securityContext: { namespaceOptions } };
      const pod = await place.run({ linux, hostname: '' });
      const id = await place.start(pod, { linux });
      assert.equal(await place.sh(id, 'ls -d /sys/class/net/lo; id -u'), '/sys/class/net/lo\n0');
      assert.notEqual((await place.try(id, 'mkdir /sys/fs/cgroup/x')).exitCode, 0);
    });

    test('a container’s maps are its pod’s', async () => {
      const pod = await place.run({ linux: { securityContext } });
      await assert.rejects(place.create(pod), /userns_options/);
    });
  });
});
