import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { CriClient } from '../harness/cri-client.ts';
import { Engine, whySkipped } from '../harness/engine.ts';

describe('sockets of the CRI', { skip: whySkipped }, () => {
  const folder = mkdtempSync('/tmp/bt-cri-');
  const own = ['one.sock', 'below/another/two.sock'].map((name) => path.join(folder, name));
  const cleanup = new AsyncDisposableStack();
  let engine: Engine;

  before(async () => {
    const file = path.join(folder, 'berthd.toml');
    const lines = [
      '[cri]',
      `sockets = ${JSON.stringify(own)}`,
      'default_runtime = "other"',
      'cgroup_driver = "systemd"',
      '[runtimes.other]',
      'binary = "/nonexistent/runc"',
      '[network]',
      `cni_conf = "${folder}/none"`,
    ];
    writeFileSync(file, lines.join('\n'));
    engine = cleanup.use(await Engine.start({ env: { BERTH_CONFIG: file } }));
  });

  after(async () => {
    await cleanup.disposeAsync();
    rmSync(folder, { recursive: true });
  });

  const names = async (socket: string): Promise<string> => {
    await using cri = await CriClient.open(socket);
    return (await cri.runtime.version()).runtimeName;
  };

  test('the CRI is on the engine’s own socket and on those of the configuration, for their owner alone', async () => {
    for (const socket of [engine.socket, ...own]) {
      assert.equal(await names(socket), 'berth');
      assert.equal(statSync(socket).mode & 0o777, 0o600);
    }
    assert.match(await engine.expect(['version']), /0\.1\.0/);
  });

  test('they are there again after a crash, and gone when the daemon has ended', async () => {
    await engine.kill9();
    await engine.launch();
    for (const socket of own) assert.equal(await names(socket), 'berth');
    await engine.stop();
    assert.deepEqual(own.filter(existsSync), []);
    await engine.launch();
  });

  test('the status tells the handlers, the default one without a name too, and why there is no network', async () => {
    await using cri = await CriClient.open(own[0]!);
    const { status, runtimeHandlers, features, info } = await cri.runtime.status({ verbose: true });
    assert.deepEqual(
      runtimeHandlers.map(({ name }) => name),
      ['', 'berth', 'other'],
    );
    // What cannot be run has no features: the default one is not there on this machine.
    assert.deepEqual(
      runtimeHandlers.map((handler) => handler.features?.recursiveReadOnlyMounts),
      [false, true, false],
    );
    assert.equal(features?.supplementalGroupsPolicy, true);
    const [runtime, network] = status?.conditions ?? [];
    assert.deepEqual([runtime?.type, runtime?.status], ['RuntimeReady', true]);
    assert.deepEqual([network?.type, network?.status], ['NetworkReady', false]);
    assert.equal(network?.reason, 'NetworkPluginNotReady');
    assert.ok((network?.message ?? '').includes(folder), network?.message);
    const config = JSON.parse(info['config'] ?? '') as { cri: { defaultRuntime: string } };
    assert.equal(config.cri.defaultRuntime, 'other');
    assert.deepEqual((await cri.runtime.status()).info, {});
  });

  test('the cgroup driver is that of the configuration', async () => {
    await using cri = await CriClient.open(own[0]!);
    // SYSTEMD is 0.
    assert.equal((await cri.runtime.runtimeConfig()).linux?.cgroupDriver, 0);
  });

  test('pod ranges are taken, one and two of them and none', async () => {
    await using cri = await CriClient.open(own[0]!);
    for (const podCidr of ['10.77.0.0/16', '10.77.0.0/16,fd77::/64', ''])
      await cri.runtime.updateRuntimeConfig({ runtimeConfig: { networkConfig: { podCidr } } });
    await cri.runtime.updateRuntimeConfig({});
    await assert.rejects(
      cri.runtime.updateRuntimeConfig({ runtimeConfig: { networkConfig: { podCidr: 'nonsense' } } }),
      /nonsense/,
    );
  });
});
