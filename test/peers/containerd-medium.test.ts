import assert from 'node:assert/strict';
import { after, before, describe } from 'node:test';
import { openContainerdSource } from '@berth/image/medium/containerd/source';
import { openContainerdTarget } from '@berth/image/medium/containerd/target';
import { mediumSuite, type SuitePlace } from '@berth/image/medium/medium-suite';
import type { Containerd } from '../bench/peer/containerd.ts';
import { startContainerd, whyNoContainerd } from './live-containerd.ts';

describe('containerd:// as a medium', { skip: whyNoContainerd }, () => {
  let containerd: Containerd;
  let count = 0;
  // Isolated: the suite's tests put the same blobs again, each into a namespace of its own.
  before(async () => void (containerd = await startContainerd(undefined, { sharing: 'isolated' })));
  after(async () => {
    await containerd?.[Symbol.asyncDispose]();
  });

  async function place(): Promise<SuitePlace> {
    const access = { address: containerd.socket };
    const where = { namespace: `suite-${count++}`, name: 'app:1' };
    return {
      target: async () => await openContainerdTarget(access, where),
      source: async () => await openContainerdSource(access, where),
      async close() {
        assert.equal(await containerd.expect(['--namespace', where.namespace, 'leases', 'ls', '-q']), '');
      },
    };
  }

  mediumSuite(place, { keepsBlobs: true });
});
