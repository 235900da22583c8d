import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { MessageInitShape } from '@bufbuild/protobuf';
import type { BerthError, ErrorKind } from '@berth/model/error';
import {
  type ContainerConfigSchema,
  MountPropagation,
  NamespaceMode,
  type PodSandboxConfigSchema,
  SecurityProfile_ProfileType,
} from '@berth/wire/gen/cri/v1/api_pb';
import { archive, ociLayout } from '../harness/archives.ts';
import { CriClient } from '../harness/cri-client.ts';
import { Engine, whySkipped } from '../harness/engine.ts';
import { testImage } from '../harness/images.ts';
import { assertNothingLeft, type Belongings, belongings } from '../harness/leaks.ts';

type PodInit = Exclude<MessageInitShape<typeof PodSandboxConfigSchema>, { $typeName: string }>;
type ContainerInit = Exclude<MessageInitShape<typeof ContainerConfigSchema>, { $typeName: string }>;

const good = { name: 'good', uid: 'u', namespace: 'n' };
const absent = 'f'.repeat(64);

describe('what a CRI client gets wrong', { skip: whySkipped }, () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'bt-bad-'));
  let engine: Engine;
  let cri: CriClient;
  let clean: Belongings;
  let pod: string;
  let container: string;

  const hostNetwork = { namespaceOptions: { network: NamespaceMode.NODE } };

  const podConfig = (change: PodInit = {}): PodInit => ({
    metadata: { name: 'bad', uid: 'u', namespace: 'n' },
    logDirectory: path.join(folder, 'log'),
    linux: { securityContext: hostNetwork },
    ...change,
  });

  const containerConfig = (change: ContainerInit = {}): ContainerInit => ({
    metadata: { name: 'c' },
    image: { image: 'app:1' },
    command: ['sleep', '1000'],
    ...change,
  });

  before(async () => {
    engine = await Engine.start();
    const file = path.join(folder, 'image.tar');
    writeFileSync(file, archive(ociLayout(testImage(), 'app:1')));
    await engine.expect(['-n', 'k8s.io', 'load', '-i', file]);
    cri = await CriClient.open(engine.socket);
    // What the first pod makes that stays.
    await makeGood();
    await cri.runtime.removePodSandbox({ podSandboxId: pod });
    clean = belongings(engine);
    await makeGood();
  });

  after(async () => {
    await cri[Symbol.asyncDispose]();
    await engine[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  async function makeGood(): Promise<void> {
    ({ podSandboxId: pod } = await cri.runtime.runPodSandbox({ config: podConfig({ metadata: good }) }));
    ({ containerId: container } = await create());
    await cri.runtime.startContainer({ containerId: container });
  }

  const create = (change: ContainerInit = {}, podSandboxId = pod) =>
    cri.runtime.createContainer({ podSandboxId, config: containerConfig(change), sandboxConfig: podConfig() });

  async function refused(call: Promise<unknown>, kind: ErrorKind, message: RegExp): Promise<void> {
    await assert.rejects(call, (error: BerthError) => {
      assert.match(error.message, message);
      assert.equal(error.kind, kind, error.message);
      return true;
    });
  }

  const pods: readonly (readonly [what: string, change: PodInit, message: RegExp])[] = [
    ['no metadata', { metadata: undefined }, /config\.metadata is missing/],
    ['no name', { metadata: { uid: 'u' } }, /config\.metadata\.name is missing/],
    ['a host name that is too long', { hostname: 'x'.repeat(65) }, /config\.hostname/],
    ['a host address that is none', { portMappings: [{ hostIp: 'x' }] }, /port_mappings\[0\]\.host_ip/],
    ['a mode that there is not', security({ namespaceOptions: { ipc: 9 as NamespaceMode } }), /namespace_options\.ipc/],
    [
      'a group without a user',
      security({ runAsGroup: { value: 1n } }),
      /security_context\.run_as_group needs run_as_user/,
    ],
    ['a seccomp profile by a relative path', security({ seccomp: localhost('p') }), /seccomp\.localhost_ref/],
    ['an unknown sysctl', { linux: { sysctls: { 'kernel.nonsense': '1' }, securityContext: {} } }, /sysctl/],
    ['two ranges of users', security(userNamespace([range(0), range(1)])), /userns_options|range/],
    [
      'ranges without a namespace of its own',
      security(userNamespace([range(0)], NamespaceMode.NODE)),
      /userns_options|NODE/,
    ],
  ];

  function security(context: NonNullable<NonNullable<PodInit['linux']>['securityContext']>): PodInit {
    return { linux: { securityContext: { ...hostNetwork, ...context } as typeof context } };
  }

  for (const [what, change, message] of pods)
    it(`a pod with ${what} is refused`, async () => {
      await refused(cri.runtime.runPodSandbox({ config: podConfig(change) }), 'invalid_argument', message);
    });

  const containers: readonly (readonly [what: string, change: ContainerInit, message: RegExp])[] = [
    ['no metadata', { metadata: undefined }, /config\.metadata is missing/],
    ['no image', { image: undefined }, /config\.image is missing/],
    ['a variable without a name', { envs: [{ key: '' }] }, /config\.envs\[0\]\.key/],
    ['a mount without a source', { mounts: [{ containerPath: '/a' }] }, /config\.mounts\[0\]\.host_path/],
    ['a mount without a place', { mounts: [{ hostPath: '/tmp' }] }, /config\.mounts\[0\]\.container_path/],
    [
      'an image volume that may be written',
      { mounts: [{ containerPath: '/a', image: { image: 'app:1' } }] },
      /readonly/,
    ],
    [
      'recursion that needs privacy',
      {
        mounts: [
          {
            containerPath: '/a',
            hostPath: '/tmp',
            readonly: true,
            recursiveReadOnly: true,
            propagation: MountPropagation.PROPAGATION_HOST_TO_CONTAINER,
          },
        ],
      },
      /recursive_read_only/,
    ],
    ['a device that is not there', { devices: [{ hostPath: '/dev/none', containerPath: '/dev/none' }] }, /\/dev\/none/],
    ['an unknown CDI device', { CDIDevices: [{ name: 'none.org/x=y' }] }, /none\.org\/x=y/],
    ['negative memory', { linux: { resources: { memoryLimitInBytes: -5n } } }, /memory_limit_in_bytes is -5/],
    ['negative shares', { linux: { resources: { cpuShares: -1n } } }, /cpu_shares is -1/],
    ['a capability that there is not', capability('NONSENSE'), /NONSENSE/],
    ['a user that the image does not have', user('nobody-here'), /nobody-here/],
    ['a signal that there is not', { stopSignal: 99 as 0 }, /config\.stop_signal/],
    ['a target that is not there', target(absent), /target|no such container/],
  ];

  function capability(name: string): ContainerInit {
    return { linux: { securityContext: { capabilities: { addCapabilities: [name] } } } };
  }

  function user(runAsUsername: string): ContainerInit {
    return { linux: { securityContext: { runAsUsername } } };
  }

  function target(targetId: string): ContainerInit {
    return { linux: { securityContext: { namespaceOptions: { pid: NamespaceMode.TARGET, targetId } } } };
  }

  for (const [what, change, message] of containers)
    it(`a container with ${what} is refused`, async () => {
      const call = create({ metadata: { name: what.replaceAll(' ', '-') }, ...change });
      await assert.rejects(call, (error: BerthError) => {
        assert.match(error.message, message);
        assert.ok(['invalid_argument', 'not_found', 'failed_precondition'].includes(error.kind), error.kind);
        return true;
      });
    });

  it('a missing hostPath is no mistake: it is made', async () => {
    const hostPath = path.join(folder, 'made', 'deep');
    const { containerId } = await create({ metadata: { name: 'made' }, mounts: [{ containerPath: '/a', hostPath }] });
    assert.ok(existsSync(hostPath));
    await cri.runtime.removeContainer({ containerId });
  });

  it('an unknown handler is refused, by its name', async () => {
    const call = cri.runtime.runPodSandbox({ config: podConfig(), runtimeHandler: 'nonsense' });
    await refused(call, 'not_found', /nonsense/);
  });

  it('a name that is taken is told so, with who has it', async () => {
    await refused(create({}), 'already_exists', new RegExp(container));
    const again = cri.runtime.runPodSandbox({ config: podConfig({ metadata: good }) });
    await refused(again, 'already_exists', new RegExp(pod));
  });

  it('an image that is not here is told as that', async () => {
    await refused(create({ metadata: { name: 'x' }, image: { image: 'absent:1' } }), 'not_found', /absent:1/);
  });

  it('what is not there is NotFound, but gone already where it was to go', async () => {
    const { runtime } = cri;
    const id = { containerId: absent };
    await refused(runtime.containerStatus(id), 'not_found', /no such container/);
    await refused(runtime.startContainer(id), 'not_found', /no such container/);
    await refused(runtime.execSync({ ...id, cmd: ['true'] }), 'not_found', /no such container/);
    await refused(runtime.exec({ ...id, cmd: ['true'], stdout: true }), 'not_found', /no such container/);
    await refused(runtime.attach({ ...id, stdout: true }), 'not_found', /no such container/);
    await refused(runtime.updateContainerResources(id), 'not_found', /no such container/);
    await refused(runtime.reopenContainerLog(id), 'not_found', /no such container/);
    await refused(runtime.containerStats(id), 'not_found', /no such container/);
    await refused(runtime.podSandboxStatus({ podSandboxId: absent }), 'not_found', /no such pod/);
    await refused(runtime.podSandboxStats({ podSandboxId: absent }), 'not_found', /no such pod/);
    await refused(runtime.portForward({ podSandboxId: absent, port: [1] }), 'not_found', /no such pod/);
    await refused(create({}, absent), 'not_found', /no such pod/);
    await runtime.stopContainer(id);
    await runtime.removeContainer(id);
    await runtime.stopPodSandbox({ podSandboxId: absent });
    await runtime.removePodSandbox({ podSandboxId: absent });
    assert.deepEqual((await runtime.listContainers({ filter: { id: absent } })).containers, []);
    assert.deepEqual((await runtime.listPodSandbox({ filter: { id: absent } })).items, []);
  });

  it('an empty id is the start of all, and therefore refused', async () => {
    const { runtime } = cri;
    for (const call of [
      runtime.stopContainer(),
      runtime.removeContainer(),
      runtime.containerStatus(),
      runtime.execSync({ cmd: ['true'] }),
    ])
      await refused(call, 'invalid_argument', /container_id is missing/);
    for (const call of [runtime.stopPodSandbox(), runtime.removePodSandbox(), runtime.podSandboxStatus()])
      await refused(call, 'invalid_argument', /pod_sandbox_id is missing/);
  });

  it('a filter that there is not is named', async () => {
    const state = { state: 9 as 0 };
    await refused(cri.runtime.listContainers({ filter: { state } }), 'invalid_argument', /filter\.state/);
    await refused(cri.runtime.listPodSandbox({ filter: { state } }), 'invalid_argument', /filter\.state/);
  });

  it('a command that is empty, times that are negative, and a place that is relative', async () => {
    const id = { containerId: container };
    await refused(cri.runtime.execSync({ ...id, cmd: [] }), 'invalid_argument', /^cmd is empty/);
    await refused(cri.runtime.execSync({ ...id, cmd: ['a\0b'] }), 'invalid_argument', /^cmd\[0\]/);
    await refused(cri.runtime.execSync({ ...id, cmd: ['true'], timeout: -1n }), 'invalid_argument', /^timeout is -1/);
    await refused(cri.runtime.stopContainer({ ...id, timeout: -1n }), 'invalid_argument', /^timeout is -1/);
    await refused(cri.runtime.checkpointContainer({ ...id, location: 'x' }), 'invalid_argument', /^location/);
  });

  it('after all this the good ones run, and nothing else is there', async () => {
    const { status } = await cri.runtime.containerStatus({ containerId: container });
    assert.equal(status?.state, 1);
    const { items } = await cri.runtime.listPodSandbox({});
    assert.deepEqual(
      items.map(({ id }) => id),
      [pod],
    );
    assert.equal((await cri.runtime.listContainers({})).containers.length, 1);
    await cri.runtime.removePodSandbox({ podSandboxId: pod });
    await assertNothingLeft(engine, clean);
  });
});

function localhost(localhostRef: string) {
  return { profileType: SecurityProfile_ProfileType.Localhost, localhostRef };
}

function range(containerId: number) {
  return { hostId: 100_000 + containerId * 10, containerId, length: 10 };
}

function userNamespace(ranges: ReturnType<typeof range>[], mode: NamespaceMode = NamespaceMode.POD) {
  return { namespaceOptions: { usernsOptions: { mode, uids: ranges, gids: ranges } } };
}
