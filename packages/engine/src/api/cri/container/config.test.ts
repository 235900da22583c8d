import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import type { BerthError } from '@berth/model/error';
import * as wire from '@berth/wire/gen/cri/v1/api_pb';
import { containerConfig } from './config.ts';

type Init = MessageInitShape<typeof wire.ContainerConfigSchema>;

const metadata = { name: 'app', attempt: 1 };
const image = { image: 'sha256:abc', userSpecifiedImage: 'app:1' };
const { PROPAGATION_BIDIRECTIONAL } = wire.MountPropagation;

const read = (init: Init) => containerConfig(create(wire.ContainerConfigSchema, { metadata, image, ...init } as Init));

function refuses(init: Init, field: string): void {
  assert.throws(
    () => read(init),
    (error: BerthError) => error.kind === 'invalid_argument' && error.message.startsWith(`${field} `),
    field,
  );
}

describe('what is asked of a container', () => {
  it('an almost empty one has the pod’s namespaces, no paths masked, and no limits', () => {
    const config = read({});
    assert.deepEqual(config.image, {
      image: 'sha256:abc',
      userSpecified: 'app:1',
      annotations: {},
      runtimeHandler: '',
    });
    assert.equal(config.security.namespaces.pid, 'pod');
    assert.deepEqual(config.security.maskedPaths, []);
    assert.equal(config.resources.memoryLimit, 0);
    assert.equal(config.stopSignal, undefined);
    assert.equal('seccomp' in config.security, false);
  });

  it('what is missing is named', () => {
    assert.throws(() => containerConfig(undefined), { kind: 'invalid_argument', message: 'config is missing' });
    refuses({ metadata: undefined }, 'config.metadata');
    refuses({ metadata: { name: '' } }, 'config.metadata.name');
    refuses({ image: undefined }, 'config.image');
    refuses({ image: { image: '' } }, 'config.image.image');
  });

  it('values of the environment are bytes, which come through whatever they are', () => {
    const bytes = Uint8Array.of(0xff, 0x41);
    const { envs } = read({
      envs: [
        { key: 'UTF8', value: Buffer.from('é') },
        { key: 'BYTES', value: bytes },
        { key: 'REPLACED', value: Buffer.from('\uFFFD') },
        { key: 'EMPTY' },
      ],
    });
    assert.deepEqual(
      envs.map(({ value }) => value),
      ['é', '\u00ffA', '\uFFFD', ''],
    );
    refuses({ envs: [{ key: 'A=B' }] }, 'config.envs[0].key');
    refuses({ envs: [{ key: 'A' }, { key: '' }] }, 'config.envs[1].key');
    refuses({ envs: [{ key: 'A', value: Uint8Array.of(65, 0) }] }, 'config.envs[0].value');
  });

  it('no argument or path has a NUL', () => {
    refuses({ command: ['a', 'b\0'] }, 'config.command[1]');
    refuses({ workingDir: '/\0' }, 'config.working_dir');
    refuses({ mounts: [{ containerPath: '/a\0', hostPath: '/b' }] }, 'config.mounts[0].container_path');
  });

  it('a mount has a source, and says what it needs to be read-only all the way down', () => {
    const mount = { containerPath: '/data', hostPath: '/srv' };
    assert.deepEqual(read({ mounts: [{ ...mount, propagation: PROPAGATION_BIDIRECTIONAL }] }).mounts, [
      {
        ...mount,
        readonly: false,
        recursiveReadonly: false,
        selinuxRelabel: false,
        propagation: 'bidirectional',
        uidMappings: [],
        gidMappings: [],
        imageSubPath: '',
      },
    ]);
    const at = 'config.mounts[0]';
    refuses({ mounts: [{ ...mount, hostPath: '' }] }, `${at}.host_path`);
    refuses({ mounts: [{ ...mount, recursiveReadOnly: true }] }, `${at}.recursive_read_only`);
    const shared = { readonly: true, recursiveReadOnly: true, propagation: PROPAGATION_BIDIRECTIONAL };
    refuses({ mounts: [{ ...mount, ...shared }] }, `${at}.recursive_read_only`);
  });

  it('an image volume has no other source and is read-only; an empty image is none', () => {
    const volume = { containerPath: '/model', image: { image: 'model:1' }, readonly: true, imageSubPath: 'a/b' };
    const [mount] = read({ mounts: [volume] }).mounts;
    assert.equal(mount?.image?.image, 'model:1');
    assert.equal(mount?.imageSubPath, 'a/b');
    assert.equal(read({ mounts: [{ ...volume, hostPath: '/srv', image: {} }] }).mounts[0]?.image, undefined);
    refuses({ mounts: [{ ...volume, hostPath: '/srv' }] }, 'config.mounts[0].host_path');
    refuses({ mounts: [{ ...volume, readonly: false }] }, 'config.mounts[0].readonly');
  });

  it('numbers: bounds, and -1 for no limit only where the kernel has that', () => {
    const limits = (resources: MessageInitShape<typeof wire.LinuxContainerResourcesSchema>) => ({
      linux: { resources },
    });
    const at = 'config.linux.resources';
    assert.equal(read(limits({ cpuQuota: -1n })).resources.cpuQuota, -1);
    assert.equal(read(limits({ memorySwapLimitInBytes: -1n })).resources.memorySwapLimit, -1);
    refuses(limits({ cpuShares: -1n }), `${at}.cpu_shares`);
    refuses(limits({ memoryLimitInBytes: -2n }), `${at}.memory_limit_in_bytes`);
    refuses(limits({ oomScoreAdj: 1001n }), `${at}.oom_score_adj`);
    refuses(limits({ hugepageLimits: [{ pageSize: '2MB', limit: 2n ** 63n }] }), `${at}.hugepage_limits[0].limit`);
  });

  it('a group needs a user, by number or by name', () => {
    const security = (more: MessageInitShape<typeof wire.LinuxContainerSecurityContextSchema>) => ({
      linux: { securityContext: { runAsGroup: { value: 5n }, ...more } as typeof more },
    });
    assert.equal(read(security({ runAsUsername: 'app' })).security.runAsGroup, 5);
    assert.equal(read(security({ runAsUser: { value: 5n } })).security.runAsUser, 5);
    refuses(security({}), 'config.linux.security_context.run_as_group');
  });

  it('devices, CDI devices and capabilities', () => {
    const config = read({
      devices: [{ hostPath: '/dev/a', containerPath: '/dev/b', permissions: 'mrw' }],
      CDIDevices: [{ name: 'v.org/gpu=0' }],
      linux: { securityContext: { capabilities: { addCapabilities: ['ALL'], dropCapabilities: ['CHOWN'] } } },
    });
    assert.deepEqual(config.devices, [{ hostPath: '/dev/a', containerPath: '/dev/b', permissions: 'mrw' }]);
    assert.deepEqual(config.cdiDevices, ['v.org/gpu=0']);
    assert.deepEqual(config.security.addCapabilities, ['ALL']);
    assert.deepEqual(config.security.dropCapabilities, ['CHOWN']);
    refuses({ devices: [{ hostPath: '/a', containerPath: '/b', permissions: 'x' }] }, 'config.devices[0].permissions');
    refuses({ devices: [{ containerPath: '/b' }] }, 'config.devices[0].host_path');
  });
});
