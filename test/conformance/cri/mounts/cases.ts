import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { MountPropagation } from '@berth/wire/gen/cri/v1/api_pb';
import type { Case } from '../suite/case.ts';
import { type ContainerConfig, secured } from '../suite/config.ts';
import type { Kubelet } from '../suite/kubelet.ts';
import { anyRefusal, refused } from '../suite/refused.ts';

const { PROPAGATION_PRIVATE, PROPAGATION_HOST_TO_CONTAINER, PROPAGATION_BIDIRECTIONAL } = MountPropagation;

/** A folder of the host with a file in it. */
function volume(kubelet: Kubelet, name = 'volume'): string {
  const folder = path.join(kubelet.folder, name);
  mkdirSync(folder);
  writeFileSync(path.join(folder, 'file'), `of ${name}\n`);
  return folder;
}

/** A folder of the host whose mounts are shared with those who have it, for the time of a case. */
class SharedFolder implements Disposable {
  readonly path: string;

  constructor(kubelet: Kubelet) {
    this.path = volume(kubelet, 'shared');
    mkdirSync(path.join(this.path, 'below'));
    execFileSync('mount', ['--bind', this.path, this.path]);
    execFileSync('mount', ['--make-rshared', this.path]);
  }

  get below(): string {
    return path.join(this.path, 'below');
  }

  [Symbol.dispose](): void {
    execFileSync('umount', ['--recursive', this.path]);
  }
}

function mounted(hostPath: string, more: object = {}): ContainerConfig {
  return { mounts: [{ hostPath, containerPath: '/mnt', ...more }] };
}

const isWritable = 'touch /mnt/new 2>/dev/null && echo yes || echo no';

export const cases: readonly Case[] = [
  {
    name: 'a folder of the host is there, both ways',
    run: async (kubelet) => {
      const folder = volume(kubelet);
      const text = await (await kubelet.pod()).output('cat /mnt/file; echo back > /mnt/back', mounted(folder));
      assert.equal(text, 'of volume');
      assert.equal(readFileSync(path.join(folder, 'back'), 'utf8'), 'back\n');
    },
  },
  {
    name: 'a file of the host is there',
    run: async (kubelet) => {
      const file = path.join(volume(kubelet), 'file');
      assert.equal(await (await kubelet.pod()).output('cat /mnt', mounted(file)), 'of volume');
    },
  },
  {
    name: 'a mount may be read-only',
    run: async (kubelet) => {
      const pod = await kubelet.pod();
      assert.equal(await pod.output(isWritable, mounted(volume(kubelet), { readonly: true })), 'no');
    },
  },
  {
    name: 'a folder of the host that is not there is made',
    run: async (kubelet) => {
      const folder = path.join(kubelet.folder, 'not/there/yet');
      await (await kubelet.pod()).output('ls /mnt', mounted(folder));
      assert.ok(existsSync(folder));
    },
  },
  {
    name: 'a link of the host is followed',
    run: async (kubelet) => {
      const link = path.join(kubelet.folder, 'link');
      symlinkSync(volume(kubelet), link);
      assert.equal(await (await kubelet.pod()).output('cat /mnt/file', mounted(link)), 'of volume');
    },
  },
  {
    name: 'mounts are made from the top downwards, whatever their order',
    run: async (kubelet) => {
      const mounts = [
        { hostPath: volume(kubelet, 'deep'), containerPath: '/mnt/a/b' },
        { hostPath: volume(kubelet, 'top'), containerPath: '/mnt' },
        { hostPath: volume(kubelet, 'middle'), containerPath: '/mnt/a' },
      ];
      const text = await (await kubelet.pod()).output('cat /mnt/file /mnt/a/file /mnt/a/b/file', { mounts });
      assert.equal(text, 'of top\nof middle\nof deep');
    },
  },
  {
    name: "a mount takes the place of the pod's own files",
    run: async (kubelet) => {
      const file = path.join(volume(kubelet), 'file');
      const mounts = [{ hostPath: file, containerPath: '/etc/hosts' }];
      assert.equal(await (await kubelet.pod()).output('cat /etc/hosts', { mounts }), 'of volume');
    },
  },
  {
    name: 'a mount takes the place of /dev/shm',
    run: async (kubelet) => {
      const mounts = [{ hostPath: volume(kubelet), containerPath: '/dev/shm' }];
      assert.equal(await (await kubelet.pod()).output('cat /dev/shm/file', { mounts }), 'of volume');
    },
  },
  {
    name: "a volume of the image is a folder of the container's own",
    run: async (kubelet) => {
      const image = { image: await kubelet.image('volume') };
      const text = await (
        await kubelet.pod()
      ).output('echo x > /kept/file; grep -c " /kept " /proc/self/mounts', { image });
      assert.equal(text, '1');
    },
  },
  {
    name: 'a mount takes the place of a volume of the image',
    run: async (kubelet) => {
      const image = { image: await kubelet.image('volume') };
      const mounts = [{ hostPath: volume(kubelet), containerPath: '/kept' }];
      assert.equal(await (await kubelet.pod()).output('cat /kept/file', { image, mounts }), 'of volume');
    },
  },
  {
    name: 'the mounts of a container are told',
    run: async (kubelet) => {
      const hostPath = volume(kubelet);
      const { mounts } = await (await (await kubelet.pod()).create(mounted(hostPath, { readonly: true }))).status();
      assert.deepEqual(
        mounts.map((mount) => [mount.hostPath, mount.containerPath, mount.readonly]),
        [[hostPath, '/mnt', true]],
      );
    },
  },
  {
    name: 'what the host mounts later is not seen by who has the folder to himself',
    run: async (kubelet) => {
      using shared = new SharedFolder(kubelet);
      const container = await (await kubelet.pod()).start(mounted(shared.path, { propagation: PROPAGATION_PRIVATE }));
      execFileSync('mount', ['-t', 'tmpfs', 'later', shared.below]);
      assert.equal(await container.shell('grep -c " /mnt/below " /proc/self/mounts || true'), '0');
      await container.remove();
    },
  },
  {
    name: 'what the host mounts later is seen by who follows it',
    run: async (kubelet) => {
      using shared = new SharedFolder(kubelet);
      const change = mounted(shared.path, { propagation: PROPAGATION_HOST_TO_CONTAINER });
      const container = await (await kubelet.pod()).start(change);
      execFileSync('mount', ['-t', 'tmpfs', 'later', shared.below]);
      assert.equal(await container.shell('grep -c " /mnt/below " /proc/self/mounts'), '1');
      await container.remove();
    },
  },
  {
    name: 'what a container mounts is seen by the host if both share the folder',
    run: async (kubelet) => {
      using shared = new SharedFolder(kubelet);
      const pod = await kubelet.pod({ security: { privileged: true } });
      const change = mounted(shared.path, { propagation: PROPAGATION_BIDIRECTIONAL });
      const container = await pod.start({ ...change, ...secured({ privileged: true }) });
      await container.shell('mount -t tmpfs mine /mnt/below');
      assert.match(readFileSync('/proc/self/mounts', 'utf8'), new RegExp(` ${shared.below} tmpfs`));
      await container.remove();
    },
  },
  ...[PROPAGATION_HOST_TO_CONTAINER, PROPAGATION_BIDIRECTIONAL].map((propagation): Case => ({
    name: `a folder that the host shares with nobody cannot be had with propagation ${propagation}`,
    run: async (kubelet) => {
      const folder = volume(kubelet);
      execFileSync('mount', ['--bind', folder, folder]);
      execFileSync('mount', ['--make-rprivate', folder]);
      try {
        await refused((await kubelet.pod()).start(mounted(folder, { propagation })), ...anyRefusal);
      } finally {
        execFileSync('umount', [folder]);
      }
    },
  })),
  {
    name: 'with recursive read-only all mounts below are so too',
    since: '2.0',
    run: async (kubelet) => {
      const folder = volume(kubelet);
      mkdirSync(path.join(folder, 'below'));
      execFileSync('mount', ['-t', 'tmpfs', 'below', path.join(folder, 'below')]);
      try {
        const change = mounted(folder, { readonly: true, recursiveReadOnly: true });
        const container = await (await kubelet.pod()).start(change);
        assert.equal(await container.shell('touch /mnt/below/x 2>/dev/null && echo yes || echo no'), 'no');
        assert.equal((await container.status()).mounts[0]?.recursiveReadOnly, true);
        await container.remove();
      } finally {
        execFileSync('umount', [path.join(folder, 'below')]);
      }
    },
  },
  {
    name: 'recursive read-only of a mount that is not read-only is refused',
    since: '2.0',
    run: async (kubelet) => {
      const change = mounted(volume(kubelet), { recursiveReadOnly: true });
      await refused((await kubelet.pod()).start(change), ...anyRefusal);
    },
  },
  {
    name: 'an image may be a volume, read-only',
    since: '2.1',
    run: async (kubelet) => {
      const image = await kubelet.image('words');
      const mounts = [{ containerPath: '/mnt', readonly: true, image: { image } }];
      const pod = await kubelet.pod();
      const text = await pod.output(`cat /mnt/etc/group | head -n1; ${isWritable}`, { mounts });
      assert.equal(text, 'root:x:0:\nno');
    },
  },
  {
    name: 'a folder of an image may be a volume, one that is not there is refused',
    since: '2.1',
    run: async (kubelet) => {
      const image = await kubelet.image('words');
      const mount = { containerPath: '/mnt', readonly: true, image: { image }, imageSubPath: 'etc' };
      const pod = await kubelet.pod();
      assert.equal(await pod.output('head -n1 /mnt/group', { mounts: [mount] }), 'root:x:0:');
      await refused(pod.start({ mounts: [{ ...mount, imageSubPath: 'no/such' }] }), ...anyRefusal);
    },
  },
];
