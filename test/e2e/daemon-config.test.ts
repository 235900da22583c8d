import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { whySkipped } from '../harness/engine.ts';
import { DaemonHome } from './daemon-home.ts';
import { until } from './recovery-engine.ts';

describe('the configuration of the daemon', { skip: whySkipped, timeout: 400_000 }, () => {
  const write = (home: DaemonHome, text: string): string => {
    mkdirSync(home.home, { recursive: true });
    const file = path.join(home.home, 'berthd.toml');
    writeFileSync(file, text);
    return file;
  };

  test('comes from the file that the environment names, for the command too', async () => {
    await using home = new DaemonHome();
    const file = write(home, `root = "${home.root}"\nrun = "${home.run}"\ncgroup_parent = "${home.cgroupParent}"\n`);
    const env = { BERTH_CONFIG: file, BERTH_ROOT: undefined, BERTH_RUN: undefined };
    assert.match(await home.expect(['daemon', 'start'], { env }), new RegExp(home.socket));
    assert.match(await home.expect(['daemon', 'status']), new RegExp(`root ${home.root}, run ${home.run}`));
  });

  test('of flags wins over the environment, and that over the file', async () => {
    await using home = new DaemonHome();
    const file = write(home, 'root = "/nowhere/file"\nsnapshotter = "overlayfs"\n');
    const daemon = home.startBerthd(['--config', file, '--snapshotter', 'native']);
    await until(async () => (await home.berth(['daemon', 'status'])).code === 0, 'the daemon');
    assert.match(await home.expect(['daemon', 'status']), new RegExp(`process ${daemon.pid},.*root ${home.root},`));
    assert.match(await home.expect(['info']), /native/);
    await home.loadBusybox();
    assert.equal(await home.expect(['run', '--rm', 'busybox', 'echo', 'copied']), 'copied');
  });

  test('that is wrong is told in one line with the file and the key', async () => {
    await using home = new DaemonHome();
    for (const [text, message] of [
      ['root = ', /berthd\.toml is not TOML/],
      ['colour = "blue"', /berthd\.toml: .*colour/],
      ['log_level = "loud"', /berthd\.toml: log_level: /],
    ] as const) {
      const { code, stderr } = await home.berthd(['--config', write(home, text)]);
      assert.equal(code, 1);
      assert.match(stderr, message);
      assert.match(stderr, /^berthd: [^\n]+\n(?:hint: [^\n]+\n)?$/);
      const command = await home.berth(['ps'], { env: { BERTH_CONFIG: path.join(home.home, 'berthd.toml') } });
      assert.notEqual(command.code, 0);
      assert.match(command.stderr, message);
    }
    const flag = await home.berthd(['--colour']);
    assert.deepEqual([flag.code, /--colour/.test(flag.stderr)], [1, true]);
  });

  test('with a run folder too long for its sockets is refused with what to do', async () => {
    await using home = new DaemonHome();
    const run = path.join(home.home, 'long'.repeat(20));
    const { code, stderr } = await home.berthd(['--run', run]);
    assert.equal(code, 1);
    assert.match(stderr, new RegExp(`^berthd: the run folder ${run} is longer than 62 bytes\nhint: .*/run/berth\n$`));
    const command = await home.berth(['--run', run, 'ps']);
    assert.notEqual(command.code, 0);
    assert.match(command.stderr, /longer than 62 bytes/);
  });
});
