import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseRanges } from '@berth/model/address-range';
import type { PodAttachment } from '../contract.ts';
import { bitsPerSecond } from './bandwidth.ts';
import { capabilitiesOf, ipsAnnotation, macAnnotation } from './capability.ts';

const attachment: PodAttachment = {
  podId: 'p',
  podName: 'web',
  podNamespace: 'default',
  podUid: 'u',
  netns: '/run/netns/p',
  portMappings: [],
  annotations: {},
  cgroupParent: '',
};

describe('capabilities of a pod', () => {
  test('ports without a host port are no mappings, and an address is told only where there is one', () => {
    const { portMappings } = capabilitiesOf(
      {
        ...attachment,
        portMappings: [
          { protocol: 'tcp', containerPort: 80, hostPort: 8080, hostIp: '' },
          { protocol: 'sctp', containerPort: 81, hostPort: 0, hostIp: '' },
          { protocol: 'udp', containerPort: 53, hostPort: 53, hostIp: '::1' },
        ],
      },
      [],
    );
    assert.deepEqual(portMappings, [
      { hostPort: 8080, containerPort: 80, protocol: 'tcp' },
      { hostPort: 53, containerPort: 53, protocol: 'udp', hostIP: '::1' },
    ]);
  });

  test('what a pod does not ask for is not there', () => {
    assert.deepEqual(Object.keys(capabilitiesOf(attachment, [])), ['io.kubernetes.cri.pod-annotations']);
  });

  test('addresses, hardware address, cgroup, DNS, bandwidth and ranges have the forms of the conventions', () => {
    const dns = { servers: ['10.96.0.10'], searches: ['svc'], options: ['ndots:5'] };
    const annotations = {
      [ipsAnnotation]: '10.1.0.9/24, fd00::9/64',
      [macAnnotation]: '0a:58:00:00:00:09',
      'kubernetes.io/egress-bandwidth': '1M',
    };
    const ranges = parseRanges('10.1.0.0/24,fd00::/64');
    const given = capabilitiesOf({ ...attachment, dns, annotations, cgroupParent: '/kubepods/pod1' }, ranges);
    assert.deepEqual(given['ips'], ['10.1.0.9/24', 'fd00::9/64']);
    assert.equal(given['mac'], '0a:58:00:00:00:09');
    assert.equal(given['cgroupPath'], '/kubepods/pod1');
    assert.deepEqual(given['dns'], dns);
    assert.deepEqual(given['bandwidth'], { egressRate: 1_000_000, egressBurst: 4_294_967_295 });
    assert.deepEqual(given['ipRanges'], [[{ subnet: '10.1.0.0/24' }], [{ subnet: 'fd00::/64' }]]);
  });

  test('a bandwidth that is none names its annotation', () => {
    const annotations = { 'kubernetes.io/ingress-bandwidth': '5 apples' };
    assert.throws(
      () => capabilitiesOf({ ...attachment, annotations }, []),
      /kubernetes\.io\/ingress-bandwidth.*5 apples/,
    );
  });

  test('quantities are read as Kubernetes writes them', () => {
    const cases: readonly (readonly [string, number | undefined])[] = [
      ['1k', 1000],
      ['10M', 10_000_000],
      ['1.5Gi', 1_610_612_736],
      ['2e6', 2_000_000],
      ['+.5M', 500_000],
      ['1000000m', 1000],
      ['1P', 1e15],
      ['2P', undefined],
      ['999', undefined],
      ['-1M', undefined],
      ['1 M', undefined],
      ['M', undefined],
      ['', undefined],
      ['1KB', undefined],
    ];
    for (const [text, value] of cases) assert.equal(bitsPerSecond(text), value, text);
  });
});
