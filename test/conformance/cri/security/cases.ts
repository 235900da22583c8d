import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { ErrorKind } from '@berth/model/error';
import { NamespaceMode, SecurityProfile_ProfileType, SupplementalGroupsPolicy } from '@berth/wire/gen/cri/v1/api_pb';
import type { Case } from '../suite/case.ts';
import { type ContainerSecurity, secured } from '../suite/config.ts';
import type { Kubelet } from '../suite/kubelet.ts';
import { anyRefusal, refused } from '../suite/refused.ts';

const id = (value: number) => ({ value: BigInt(value) });
const { RuntimeDefault, Unconfined, Localhost } = SecurityProfile_ProfileType;

/** What a script prints with this security context. */
async function seen(kubelet: Kubelet, security: ContainerSecurity, script: string, image = 'box'): Promise<string> {
  const pod = await kubelet.pod();
  return await pod.output(script, { ...secured(security), image: { image: await kubelet.image(image) } });
}

async function isRefused(kubelet: Kubelet, security: ContainerSecurity, ...kinds: readonly ErrorKind[]) {
  await refused((await kubelet.pod()).start(secured(security)), ...(kinds.length === 0 ? anyRefusal : kinds));
}

const capabilities = 'grep -E "Cap(Eff|Prm|Bnd|Amb)" /proc/self/status | cut -f2';
const effective = 'grep CapEff /proc/self/status | cut -f2';
const bit = (text: string, number: number) => ((BigInt(`0x${text}`) >> BigInt(number)) & 1n) === 1n;
const netAdmin = 12;
const chown = 0;
const sysAdmin = 21;

export const cases: readonly Case[] = [
  {
    name: 'a user is given as a number',
    run: async (kubelet) => assert.equal(await seen(kubelet, { runAsUser: id(1000) }, 'id -u; id -g'), '1000\n1000'),
  },
  {
    name: 'a user that the image does not know may be given as a number',
    run: async (kubelet) => assert.equal(await seen(kubelet, { runAsUser: id(4321) }, 'id -u; id -g'), '4321\n0'),
  },
  {
    name: 'a user is given by a name of the image',
    run: async (kubelet) => assert.equal(await seen(kubelet, { runAsUsername: 'app' }, 'id -u; id -g'), '1000\n1000'),
  },
  {
    name: 'a name that the image does not know is refused',
    run: async (kubelet) => await isRefused(kubelet, { runAsUsername: 'nobody-knows' }),
  },
  {
    name: 'user and group are given as numbers',
    run: async (kubelet) => {
      const security = { runAsUser: id(1000), runAsGroup: id(2000) };
      assert.equal(await seen(kubelet, security, 'id -u; id -g'), '1000\n2000');
    },
  },
  {
    name: 'a group without a user is refused',
    run: async (kubelet) => await isRefused(kubelet, { runAsGroup: id(2000) }),
  },
  ...(
    [
      ['user', '1000\n1000'],
      ['user-name', '1000\n1000'],
      ['user-group', '1000\n44'],
    ] as const
  ).map(([image, ids]): Case => ({
    name: `the user of the image '${image}' counts`,
    run: async (kubelet) => assert.equal(await seen(kubelet, {}, 'id -u; id -g', image), ids),
  })),
  {
    name: "a user takes the place of the image's",
    run: async (kubelet) => assert.equal(await seen(kubelet, { runAsUser: id(0) }, 'id -u', 'user'), '0'),
  },
  {
    name: 'groups are those of the image and those that are given',
    run: async (kubelet) => {
      const groups = await seen(kubelet, { runAsUser: id(1000), supplementalGroups: [7000n, 7001n] }, 'id -G');
      assert.deepEqual(
        groups
          .split(' ')
          .map(Number)
          .toSorted((a, b) => a - b),
        [1, 44, 1000, 7000, 7001],
      );
    },
  },
  {
    name: 'with a strict policy groups are only those that are given',
    since: '2.0',
    run: async (kubelet) => {
      const security = {
        runAsUser: id(1000),
        supplementalGroups: [7000n],
        supplementalGroupsPolicy: SupplementalGroupsPolicy.Strict,
      };
      const groups = await seen(kubelet, security, 'id -G');
      assert.deepEqual(
        groups
          .split(' ')
          .map(Number)
          .toSorted((a, b) => a - b),
        [1000, 7000],
      );
    },
  },
  {
    name: 'the user of a container is told',
    since: '2.0',
    run: async (kubelet) => {
      const security = secured({ runAsUser: id(1000), runAsGroup: id(2000), supplementalGroups: [7000n] });
      const { user } = await (await (await kubelet.pod()).start(security)).status();
      assert.deepEqual([user?.linux?.uid, user?.linux?.gid], [1000n, 2000n]);
      assert.ok(user?.linux?.supplementalGroups.includes(7000n));
    },
  },
  {
    name: 'by default there are the usual capabilities, and no ambient ones',
    run: async (kubelet) => {
      const [permitted = '', effectively = '', bounding = '', ambient = ''] = (
        await seen(kubelet, {}, capabilities)
      ).split('\n');
      assert.deepEqual([permitted, effectively], [bounding, bounding]);
      assert.ok(bit(bounding, chown) && !bit(bounding, netAdmin) && !bit(bounding, sysAdmin), bounding);
      assert.equal(BigInt(`0x${ambient}`), 0n);
    },
  },
  {
    name: 'a capability is added',
    run: async (kubelet) => {
      assert.ok(bit(await seen(kubelet, { capabilities: { addCapabilities: ['NET_ADMIN'] } }, effective), netAdmin));
    },
  },
  {
    name: 'a capability may be written with CAP_ before it',
    since: '1.7',
    run: async (kubelet) => {
      assert.ok(
        bit(await seen(kubelet, { capabilities: { addCapabilities: ['CAP_NET_ADMIN'] } }, effective), netAdmin),
      );
    },
  },
  {
    name: 'a capability is dropped',
    run: async (kubelet) => {
      assert.ok(!bit(await seen(kubelet, { capabilities: { dropCapabilities: ['CHOWN'] } }, effective), chown));
    },
  },
  {
    name: 'all capabilities are dropped, and one is added',
    run: async (kubelet) => {
      const security = { capabilities: { dropCapabilities: ['ALL'], addCapabilities: ['NET_ADMIN'] } };
      assert.equal(BigInt(`0x${await seen(kubelet, security, effective)}`), 1n << BigInt(netAdmin));
    },
  },
  {
    name: 'all capabilities are added, and one is dropped',
    run: async (kubelet) => {
      const security = { capabilities: { addCapabilities: ['ALL'], dropCapabilities: ['CHOWN'] } };
      const mask = await seen(kubelet, security, effective);
      assert.ok(bit(mask, sysAdmin) && !bit(mask, chown), mask);
    },
  },
  {
    name: 'another user has no capabilities but those of his files',
    run: async (kubelet) => {
      assert.equal(BigInt(`0x${await seen(kubelet, { runAsUser: id(1000) }, effective)}`), 0n);
    },
  },
  {
    name: 'a read-only root file system',
    run: async (kubelet) => {
      const script = 'touch /tmp/x 2>/dev/null && echo written || echo refused';
      assert.equal(await seen(kubelet, { readonlyRootfs: true }, script), 'refused');
      assert.equal(await seen(kubelet, {}, script), 'written');
    },
  },
  ...[true, false].map((noNewPrivs): Case => ({
    name: `new privileges are ${noNewPrivs ? 'refused' : 'allowed'}`,
    run: async (kubelet) => {
      const text = await seen(kubelet, { noNewPrivs }, 'grep NoNewPrivs /proc/self/status');
      assert.match(text, noNewPrivs ? /1$/ : /0$/);
    },
  })),
  {
    name: 'paths are masked',
    run: async (kubelet) => {
      const security = { maskedPaths: ['/etc/passwd', '/var', '/not/there'] };
      assert.equal(await seen(kubelet, security, 'cat /etc/passwd; ls /var; echo end'), 'end');
    },
  },
  {
    name: 'paths are read-only',
    run: async (kubelet) => {
      const script = 'touch /etc/x 2>/dev/null && echo written || echo refused';
      assert.equal(await seen(kubelet, { readonlyPaths: ['/etc'] }, script), 'refused');
    },
  },
  {
    name: 'without masked and read-only paths there are none',
    run: async (kubelet) => {
      assert.equal(await seen(kubelet, {}, 'grep -c "/proc/" /proc/self/mountinfo || true'), '0');
    },
  },
  {
    name: 'without a profile there is no filter of system calls',
    run: async (kubelet) => assert.match(await seen(kubelet, {}, 'grep Seccomp: /proc/self/status'), /0$/),
  },
  {
    name: 'the default filter of system calls',
    run: async (kubelet) => {
      const seccomp = { profileType: RuntimeDefault };
      assert.match(await seen(kubelet, { seccomp }, 'grep Seccomp: /proc/self/status'), /2$/);
      assert.equal(await seen(kubelet, { seccomp }, 'unshare -U true 2>/dev/null || echo refused'), 'refused');
    },
  },
  {
    name: 'no filter of system calls',
    run: async (kubelet) => {
      assert.match(
        await seen(kubelet, { seccomp: { profileType: Unconfined } }, 'grep Seccomp: /proc/self/status'),
        /0$/,
      );
    },
  },
  {
    name: 'a filter of system calls from a file of the host',
    run: async (kubelet) => {
      const rule = { names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO', errnoRet: 1 };
      const file = path.join(kubelet.folder, 'profile.json');
      writeFileSync(file, JSON.stringify({ defaultAction: 'SCMP_ACT_ALLOW', syscalls: [rule] }));
      const seccomp = { profileType: Localhost, localhostRef: file };
      assert.equal(
        await seen(kubelet, { seccomp }, 'mkdir /tmp/x 2>/dev/null && echo made || echo refused'),
        'refused',
      );
    },
  },
  {
    name: 'a filter of system calls that is not there is refused',
    run: async (kubelet) => {
      await isRefused(kubelet, { seccomp: { profileType: Localhost, localhostRef: '/no/such/profile.json' } });
    },
  },
  {
    name: 'AppArmor that is not there is refused where a profile is wanted',
    needs: ['no apparmor'],
    since: '1.7',
    run: async (kubelet) => {
      await isRefused(kubelet, { apparmor: { profileType: Localhost, localhostRef: 'no-such-profile' } });
    },
  },
  {
    name: 'a privileged container has all capabilities, no filter, and the devices of the host',
    run: async (kubelet) => {
      const pod = await kubelet.pod({ security: { privileged: true } });
      const script =
        'grep CapEff /proc/self/status | cut -f2; grep Seccomp: /proc/self/status | cut -f2; ls /dev | wc -l';
      const [caps = '', seccomp, devices] = (await pod.output(script, secured({ privileged: true }))).split('\n');
      assert.ok(bit(caps, netAdmin) && bit(caps, sysAdmin), caps);
      assert.equal(seccomp, '0');
      assert.ok(Number(devices) > 20, `${devices} devices`);
    },
  },
  {
    name: 'a privileged container may write to /sys, another may not',
    run: async (kubelet) => {
      const pod = await kubelet.pod({ security: { privileged: true } });
      // The mount's own flag: that of the file system is of whoever mounted it first in this network namespace.
      const script = 'grep " / /sys " /proc/self/mountinfo | cut -d" " -f6 | cut -d, -f1';
      assert.equal(await pod.output(script, secured({ privileged: true })), 'rw');
      assert.equal(await pod.output(script), 'ro');
    },
  },
  {
    name: 'a privileged container of a pod that is not is refused',
    run: async (kubelet) => await isRefused(kubelet, { privileged: true }),
  },
  {
    name: 'a device of the host',
    run: async (kubelet) => {
      const pod = await kubelet.pod();
      const devices = [{ containerPath: '/dev/mine', hostPath: '/dev/null', permissions: 'rwm' }];
      assert.equal(await pod.output('echo x > /dev/mine; stat -c %t:%T /dev/mine', { devices }), '1:3');
    },
  },
  {
    name: 'a device that is not there is refused',
    run: async (kubelet) => {
      const devices = [{ containerPath: '/dev/mine', hostPath: '/dev/no-such', permissions: 'rwm' }];
      await refused((await kubelet.pod()).start({ devices }), ...anyRefusal);
    },
  },
  {
    name: 'a pod in a user namespace has other ids on the host',
    needs: ['user namespaces'],
    since: '1.7',
    run: async (kubelet) => {
      const mapping = { hostId: 200_000, containerId: 0, length: 65_536 };
      const usernsOptions = { mode: NamespaceMode.POD, uids: [mapping], gids: [mapping] };
      const pod = await kubelet.networkPod({ namespaces: { usernsOptions } });
      const namespaceOptions = { network: NamespaceMode.POD, usernsOptions };
      const container = await pod.start(secured({ namespaceOptions }));
      assert.match(await container.shell('cat /proc/self/uid_map'), /^\s*0\s+200000\s+65536$/);
      assert.equal(await container.shell('id -u; touch /tmp/x && stat -c %u /tmp/x'), '0\n0');
    },
  },
  {
    name: "a user namespace of the host's with mappings is refused",
    since: '1.7',
    run: async (kubelet) => {
      const mapping = { hostId: 200_000, containerId: 0, length: 65_536 };
      const usernsOptions = { mode: NamespaceMode.NODE, uids: [mapping], gids: [mapping] };
      await refused(kubelet.networkPod({ namespaces: { usernsOptions } }), ...anyRefusal);
    },
  },
  {
    name: 'a user namespace without mappings is refused',
    since: '1.7',
    run: async (kubelet) => {
      await refused(kubelet.networkPod({ namespaces: { usernsOptions: { mode: NamespaceMode.POD } } }), ...anyRefusal);
    },
  },
];
