import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { NamespaceMode, PodSandboxState, Protocol } from '@berth/wire/gen/cri/v1/api_pb';
import { whyNoPlugins } from '../network/network-place.ts';
import { whySkipped } from '../harness/engine.ts';
import { ip } from '../harness/own-network.ts';
import { whyNoRegistry } from '../harness/registry.ts';
import { PodPlace } from './pod-place.ts';

const said = (command: string, ...words: readonly string[]) => spawnSync(command, words, { encoding: 'utf8' }).stdout;
const fetchHere = (url: string) => said('curl', '-s', '-m', '5', url);

/** Those that are in the network namespace. */
function processesIn(netns: string): number[] {
  const { ino } = statSync(netns);
  const isIn = (pid: string) => {
    try {
      return statSync(`/proc/${pid}/ns/net`).ino === ino;
    } catch {
      // Gone by now, or one that nobody may look at.
      return false;
    }
  };
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && isIn(name))
    .map(Number);
}

describe(
  'the network of pods, over the CRI',
  { skip: whySkipped || whyNoRegistry || whyNoPlugins, timeout: 300_000 },
  () => {
    let place: PodPlace;
    before(async () => (place = await PodPlace.open()));
    after(async () => {
      await place[Symbol.asyncDispose]();
      assert.doesNotMatch(ip('-o', 'link'), /berth0|veth/);
    });

    const runtime = () => place.cri.runtime;
    const statusOf = async (podSandboxId: string) =>
      (await runtime().podSandboxStatus({ podSandboxId, verbose: true })).status!;
    const addressOf = async (pod: string) => (await statusOf(pod)).network?.ip ?? '';
    const condition = async () =>
      (await runtime().status({})).status?.conditions.find(({ type }) => type === 'NetworkReady');
    const serve = { command: ['busybox', 'httpd', '-f', '-p', '80', '-h', '/'] };
    const folders = (name: string) => path.join(place.engine.root, 'network', name);
    const netns = () => readdirSync(path.join(place.engine.run, 'netns'));

    it('pods have addresses, reach each other, and their ports of the host are served', async () => {
      const portMappings = [{ protocol: Protocol.TCP, containerPort: 80, hostPort: 18_090, hostIp: '' }];
      const [one, two] = [await place.run({ portMappings }), await place.run()];
      const server = await place.start(one, serve);
      const client = await place.start(two);
      await place.sh(server, 'echo served > /answer');
      const address = await addressOf(one);
      assert.match(address, /^10\.88\./);
      assert.equal(await place.sh(client, `busybox wget -q -O - http://${address}/answer`), 'served');
      assert.equal(fetchHere('http://127.0.0.1:18090/answer'), 'served\n');
      await runtime().stopPodSandbox({ podSandboxId: one });
      assert.equal(fetchHere('http://127.0.0.1:18090/answer'), '');
      assert.equal((await addressOf(two)) === address, false);
      await place.removeAll();
      await place.assertNothingLeft();
    });

    it("a pod in the host's network has no address of its own", async () => {
      const pod = await place.run({
        linux: { securityContext: { namespaceOptions: { network: NamespaceMode.NODE } } },
      });
      assert.equal(await addressOf(pod), '');
      const container = await place.start(pod, {
        linux: { securityContext: { namespaceOptions: { network: NamespaceMode.NODE } } },
      });
      assert.match(await place.sh(container, 'ip address'), /berth0|lo/);
      await place.removeAll();
    });

    it("a daemon that is killed finds its pods' addresses again", async () => {
      const pod = await place.run();
      const address = await addressOf(pod);
      await place.crash();
      assert.equal(await addressOf(pod), address);
      const other = await place.run();
      assert.notEqual(await addressOf(other), address);
      await place.removeAll();
      await place.until(() => Promise.resolve(readdirSync(folders('bridge')).length === 0));
      assert.deepEqual(netns(), []);
    });

    describe('by CNI', () => {
      const folder = () => path.join(place.folder, 'none');
      const ipam = () => path.join(place.folder, 'ipam');
      const leased = () =>
        existsSync(ipam()) ? readdirSync(path.join(ipam(), 'bt-e2e')).filter((name) => /^\d+\./.test(name)) : [];
      const configure = (plugins: readonly object[] = []) => {
        const given = { type: 'host-local', dataDir: ipam(), subnet: '10.76.0.0/24', routes: [{ dst: '0.0.0.0/0' }] };
        const bridge = { type: 'bridge', bridge: 'bt-e2e0', isGateway: true, ipam: given };
        mkdirSync(folder(), { recursive: true });
        const list = { cniVersion: '1.0.0', name: 'bt-e2e', plugins: [bridge, ...plugins] };
        writeFileSync(path.join(folder(), '10-test.conflist'), JSON.stringify(list));
      };
      after(() => {
        rmSync(folder(), { recursive: true, force: true });
        if (ip('-o', 'link').includes('bt-e2e0')) ip('link', 'delete', 'bt-e2e0');
      });

      it('pods that come behind a configuration go by it, and those of before go the way they came', async () => {
        const older = await place.run();
        configure();
        const pod = await place.run();
        assert.match(await addressOf(pod), /^10\.76\.0\./);
        assert.match(await addressOf(older), /^10\.88\./);
        await place.removeAll();
        assert.deepEqual(leased(), []);
        await place.until(() => Promise.resolve(readdirSync(folders('bridge')).length === 0));
      });

      it('a network that is not ready is told with its reason, and pods are refused', async () => {
        configure([{ type: 'no-such-plugin' }]);
        const { status, reason, message } = (await condition())!;
        assert.deepEqual([status, reason], [false, 'NetworkPluginNotReady']);
        assert.match(message, /no-such-plugin/);
        await assert.rejects(place.run(), { kind: 'failed_precondition' });
        configure();
        assert.equal((await condition())?.status, true);
      });

      it('a plugin that fails leaves no pod, no address and no namespace', async () => {
        configure([{ type: 'bandwidth', ingressRate: 'fast' }]);
        await assert.rejects(place.run(), /bandwidth/);
        configure();
        const { items } = await runtime().listPodSandbox({});
        assert.deepEqual([items, leased(), netns()], [[], [], []]);
      });

      it('after a reboot, which takes the namespaces, a pod is not ready, and its address is given back when it is stopped', async () => {
        configure();
        const pod = await place.run();
        assert.equal(leased().length, 1);
        await place.engine.kill9();
        for (const pid of processesIn(path.join(place.engine.run, 'netns', pod))) process.kill(pid, 'SIGKILL');
        said('umount', path.join(place.engine.run, 'netns', pod));
        await place.comeBack();
        await place.until(async () => (await statusOf(pod)).state === PodSandboxState.SANDBOX_NOTREADY);
        await place.removeAll();
        assert.deepEqual([leased(), netns()], [[], []]);
      });
    });

    it('ranges that kubelet tells are those of the pods to come', async () => {
      await runtime().updateRuntimeConfig({ runtimeConfig: { networkConfig: { podCidr: '10.79.1.0/24' } } });
      const pod = await place.run();
      assert.equal(await addressOf(pod), '10.79.1.2');
      await place.removeAll();
      await assert.rejects(
        runtime().updateRuntimeConfig({ runtimeConfig: { networkConfig: { podCidr: 'everything' } } }),
        {
          kind: 'invalid_argument',
        },
      );
    });
  },
);
