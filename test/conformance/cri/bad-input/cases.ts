import assert from 'node:assert/strict';
import { NamespaceMode, SecurityProfile_ProfileType } from '@berth/wire/gen/cri/v1/api_pb';
import type { Case } from '../suite/case.ts';
import { type ContainerConfig, type PodChange, secured } from '../suite/config.ts';
import { anyRefusal, refused } from '../suite/refused.ts';

const { Localhost, Unconfined } = SecurityProfile_ProfileType;

interface BadPod {
  readonly what: string;
  readonly change: PodChange;
  /** The message names it. */
  readonly names?: RegExp;
  readonly since?: Case['since'];
  readonly deviates?: string;
}

const badPods: readonly BadPod[] = [
  {
    what: 'metadata without a name',
    change: { metadata: { namespace: 'tests', uid: 'x' } },
    names: /name/,
    deviates: 'it takes empty names',
  },
  {
    what: 'a sysctl that nobody knows',
    change: { linux: { sysctls: { 'kernel.no_such_thing': '1' } } },
    names: /no_such_thing/,
  },
  { what: 'a sysctl with a wrong value', change: { linux: { sysctls: { 'kernel.shm_rmid_forced': 'many' } } } },
  {
    what: 'a filter of system calls that is not there',
    change: { security: { seccomp: { profileType: Localhost, localhostRef: '/no/such/profile.json' } } },
    names: /no\/such\/profile/,
  },
  {
    what: 'a filter of system calls with a relative path',
    change: { security: { seccomp: { profileType: Localhost, localhostRef: 'profile.json' } } },
  },
  {
    what: 'several ranges of ids',
    change: {
      namespaces: {
        network: NamespaceMode.POD,
        usernsOptions: {
          mode: NamespaceMode.POD,
          uids: [
            { hostId: 100_000, containerId: 0, length: 10 },
            { hostId: 200_000, containerId: 10, length: 10 },
          ],
          gids: [{ hostId: 100_000, containerId: 0, length: 20 }],
        },
      },
    },
    since: '1.7',
  },
  {
    what: 'ids without the root of the container',
    change: {
      namespaces: {
        network: NamespaceMode.POD,
        usernsOptions: {
          mode: NamespaceMode.POD,
          uids: [{ hostId: 100_000, containerId: 1, length: 10 }],
          gids: [{ hostId: 100_000, containerId: 1, length: 10 }],
        },
      },
    },
    since: '1.7',
    deviates: 'the runtime finds out when it starts',
  },
  {
    what: 'a user namespace of a container',
    change: { namespaces: { network: NamespaceMode.POD, usernsOptions: { mode: NamespaceMode.CONTAINER } } },
    since: '1.7',
  },
];

interface BadContainer {
  readonly what: string;
  readonly change: ContainerConfig;
  readonly names?: RegExp;
  readonly since?: Case['since'];
  readonly deviates?: string;
}

const badContainers: readonly BadContainer[] = [
  { what: 'an image id that nobody has', change: { image: { image: `sha256:${'0'.repeat(64)}` } } },
  {
    what: 'a capability that nobody knows',
    change: secured({ capabilities: { addCapabilities: ['NO_SUCH'] } }),
    names: /NO_SUCH/i,
    deviates: 'runc takes no notice of it, with a warning',
  },
  {
    what: 'a filter of system calls that is not there',
    change: secured({ seccomp: { profileType: Localhost, localhostRef: '/no/such' } }),
    names: /no\/such/,
  },
  {
    what: 'a reference to a profile where none is wanted',
    change: secured({ seccomp: { profileType: Unconfined, localhostRef: '/etc/x' } }),
  },
  { what: 'a negative user', change: secured({ runAsUser: { value: -1n } }) },
  {
    what: 'a user beyond 32 bits',
    change: secured({ runAsUser: { value: 1n << 33n } }),
  },
  {
    what: 'a mount without a place in the container',
    change: { mounts: [{ hostPath: '/tmp', containerPath: '' }] },
  },
  { what: 'processors that the machine has not', change: { linux: { resources: { cpusetCpus: '4000' } } } },
  {
    what: 'a set of processors that is none',
    change: { linux: { resources: { cpusetCpus: 'nobody' } } },
  },
  {
    what: 'a device without a place',
    change: { devices: [{ hostPath: '', containerPath: '/dev/x', permissions: 'r' }] },
  },
  {
    what: 'rights to a device that are none',
    change: { devices: [{ hostPath: '/dev/null', containerPath: '/dev/x', permissions: 'sudo' }] },
    deviates: 'it takes what it knows of them',
  },
];

export const cases: readonly Case[] = [
  ...badPods.map(({ what, change, names, since, deviates }): Case => ({
    name: `a pod with ${what} is refused, and nothing is left of it`,
    since,
    containerdDeviates: deviates,
    run: async (kubelet) => {
      const message = await refused(kubelet.pod(change), ...anyRefusal);
      if (names !== undefined) assert.match(message, names);
      const { items } = await kubelet.runtime.listPodSandbox({ filter: { labelSelector: { case: kubelet.tag } } });
      for (const { id } of items) await kubelet.runtime.removePodSandbox({ podSandboxId: id });
      if (kubelet.target.version === undefined) assert.deepEqual(items, []);
    },
  })),
  ...badContainers.map(({ what, change, names, since, deviates }): Case => ({
    name: `a container with ${what} is refused, and the pod takes another`,
    since,
    containerdDeviates: deviates,
    run: async (kubelet) => {
      const pod = await kubelet.pod();
      const message = await refused(pod.start(change), ...anyRefusal);
      if (names !== undefined) assert.match(message, names);
      assert.equal(await pod.output('echo another'), 'another');
    },
  })),
  {
    name: 'a container without an image is refused',
    containerdUnsteady: 'it takes the image whose id begins with nothing, when there is one only',
    run: async (kubelet) => void (await refused((await kubelet.pod()).create({ image: {} }), ...anyRefusal)),
  },
  {
    name: 'a negative time to stop is no long one',
    run: async (kubelet) => {
      const container = await (await kubelet.pod()).start();
      await container
        .stop(-5n)
        .catch((error: unknown) => refused(Promise.reject(error as Error), 'invalid_argument', 'internal'));
      await container.stop(0n);
    },
  },
  {
    name: 'a negative time for a command is refused, or none',
    run: async (kubelet) => {
      const container = await (await kubelet.pod()).start();
      await container
        .exec(['true'], -1n)
        .catch((error: unknown) =>
          refused(Promise.reject(error as Error), 'invalid_argument', 'deadline_exceeded', 'internal'),
        );
    },
  },
  ...(['podSandboxStatus', 'containerStatus', 'stopPodSandbox', 'removePodSandbox', 'startContainer'] as const).map(
    (method): Case => ({
      name: `${method} without an id does nothing to anybody`,
      run: async (kubelet) => {
        const pod = await kubelet.pod();
        const container = await pod.create();
        await kubelet.runtime[method]({}).catch((error: unknown) => refused(Promise.reject(error as Error)));
        assert.equal((await pod.status()).state, 0);
        assert.equal((await container.status()).state, 0);
      },
    }),
  ),
];
