import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { parseRanges } from '@berth/model/address-range';
import { backgroundContext, type Log } from '@berth/model/context';
import type { PodAttachment } from '../contract.ts';
import { BridgeNetwork } from './bridge-network.ts';
import type { HostRules } from './host-rules.ts';
import { Leases } from './leases.ts';

const log: Log = { debug() {}, info() {}, warn() {}, error() {} };
const ranges = parseRanges('10.71.0.0/24');
const ports = [{ protocol: 'tcp', containerPort: 80, hostPort: 8080, hostIp: '' }] as const;
const pod: PodAttachment = {
  podId: 'a',
  podName: 'a',
  podNamespace: 'default',
  podUid: 'a',
  netns: '/run/netns/no-such-namespace',
  portMappings: ports,
  annotations: {},
  cgroupParent: '/',
};

describe('the bridge that is built in', () => {
  let folder = '';
  beforeEach(() => (folder = mkdtempSync(path.join(tmpdir(), 'berth-bridge-'))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test('a port whose rule could not be taken away is taken away by the next try, and its pod keeps it until then', async () => {
    new Leases(folder).take({ podId: 'a', device: 'veth-of-nobody', ports }, ranges);
    let fails = true;
    const applied: number[] = [];
    const filter = {
      apply: ([rules]: readonly HostRules[]) => {
        if (fails) return Promise.reject(new Error('busy'));
        applied.push(rules!.ports.length);
        return Promise.resolve();
      },
      remove: () => Promise.resolve(),
    };
    const network = new BridgeNetwork({
      bridge: 'bt-none0',
      ranges: () => ranges,
      folder,
      ownFile: `${folder}.own`,
      isOn: true,
      filter,
      log,
    });
    const context = backgroundContext(log, 'k8s.io');
    await assert.rejects(network.detach(context, pod), /busy/);
    await assert.rejects(network.detach(context, pod), /busy/);
    assert.deepEqual(new Leases(folder).of('a')?.ports, ports);
    fails = false;
    await network.detach(context, pod);
    assert.deepEqual(applied, [0]);
    assert.deepEqual(new Leases(folder).of('a')?.ports ?? [], []);
  });
});
