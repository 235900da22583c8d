import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import type { BerthError } from '@berth/model/error';
import * as wire from '@berth/wire/gen/cri/v1/api_pb';
import { podConfig } from './config.ts';

type Init = MessageInitShape<typeof wire.PodSandboxConfigSchema>;

const metadata = { name: 'web', uid: 'u1', namespace: 'shop', attempt: 3 };

const read = (init: Init) => podConfig(create(wire.PodSandboxConfigSchema, { metadata, ...init } as Init));

function refuses(init: Init, field: string): void {
  assert.throws(
    () => read(init),
    (error: BerthError) => error.kind === 'invalid_argument' && error.message.startsWith(`${field} `),
    field,
  );
}

describe('what is asked of a pod', () => {
  it('an almost empty one asks for nothing: namespaces of its own, no profile, no limit', () => {
    assert.deepEqual(read({}), {
      metadata,
      hostname: '',
      logDirectory: '',
      portMappings: [],
      labels: {},
      annotations: {},
      cgroupParent: '',
      sysctls: {},
      security: {
        namespaces: { network: 'pod', pid: 'pod', ipc: 'pod', targetId: '' },
        readonlyRootfs: false,
        supplementalGroups: [],
        groupsPolicy: 'merge',
        privileged: false,
      },
    });
  });

  it('a configuration or metadata or name that is missing is named', () => {
    assert.throws(() => podConfig(undefined), { kind: 'invalid_argument', message: 'config is missing' });
    assert.throws(() => podConfig(create(wire.PodSandboxConfigSchema)), { message: 'config.metadata is missing' });
    refuses({ metadata: { ...metadata, name: '' } }, 'config.metadata.name');
  });

  it('absent DNS is another thing than empty DNS', () => {
    assert.equal(read({}).dns, undefined);
    assert.deepEqual(read({ dnsConfig: {} }).dns, { servers: [], searches: [], options: [] });
    refuses({ dnsConfig: { servers: ['10.0.0.1', '10.0.0.2\nsearch evil'] } }, 'config.dns_config.servers[1]');
  });

  it('labels and annotations stay byte for byte what they were', () => {
    const annotations = { 'a/b': ' \u00e9\n{"x": 1} ', '': 'empty key' };
    assert.deepEqual(read({ annotations, labels: annotations }).annotations, annotations);
  });

  it('ports: protocols have names, and bounds where a port of the host is asked for', () => {
    const [mapping] = read({
      portMappings: [{ protocol: wire.Protocol.SCTP, containerPort: 80, hostPort: 8080, hostIp: '::1' }],
    }).portMappings;
    assert.deepEqual(mapping, { protocol: 'sctp', containerPort: 80, hostPort: 8080, hostIp: '::1' });
    read({ portMappings: [{ hostPort: -1, containerPort: 0 }] });
    refuses({ portMappings: [{ hostPort: 80, containerPort: 0 }] }, 'config.port_mappings[0].container_port');
    refuses({ portMappings: [{ hostPort: 65536, containerPort: 1 }] }, 'config.port_mappings[0].host_port');
    refuses({ portMappings: [{ hostIp: 'localhost' }] }, 'config.port_mappings[0].host_ip');
    refuses({ portMappings: [{ protocol: 9 as wire.Protocol }] }, 'config.port_mappings[0].protocol');
  });

  it('a user namespace is told as it was asked for', () => {
    const ranges = [{ hostId: 100_000, containerId: 0, length: 65_536 }];
    const usernsOptions = { mode: wire.NamespaceMode.POD, uids: ranges, gids: ranges };
    const { namespaces } = read({ linux: { securityContext: { namespaceOptions: { usernsOptions } } } }).security;
    assert.deepEqual(namespaces.user, { mode: 'pod', uids: ranges, gids: ranges });
  });

  it('ids are checked, and a group needs a user', () => {
    const at = 'config.linux.security_context';
    const security = (securityContext: MessageInitShape<typeof wire.LinuxSandboxSecurityContextSchema>) => ({
      linux: { securityContext },
    });
    assert.equal(read(security({ runAsUser: { value: 0n } })).security.runAsUser, 0);
    refuses(security({ runAsGroup: { value: 1n } }), `${at}.run_as_group`);
    refuses(security({ runAsUser: { value: -1n } }), `${at}.run_as_user`);
    refuses(security({ supplementalGroups: [1n, 4_294_967_295n] }), `${at}.supplemental_groups[1]`);
    refuses(security({ namespaceOptions: { pid: 7 as wire.NamespaceMode } }), `${at}.namespace_options.pid`);
  });

  it('hostnames have an end, and the overhead of a runtime is kept', () => {
    refuses({ hostname: 'x'.repeat(65) }, 'config.hostname');
    assert.equal(read({ linux: { overhead: { cpuShares: 2n } } }).overhead?.cpuShares, 2);
  });
});
