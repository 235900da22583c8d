import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BerthError } from '@berth/model/error';
import * as v from 'valibot';
import { criSchema, readCriSettings } from './cri-settings.ts';

test('without a word the defaults of the CRI hold', () => {
  const { cgroupDriver, ...settings } = readCriSettings();
  assert.ok(['cgroupfs', 'systemd'].includes(cgroupDriver));
  assert.deepEqual(settings, {
    sockets: [],
    defaultRuntime: 'berth',
    pauseImage: '',
    streaming: { address: '127.0.0.1', port: 0, idleTimeout: 4 * 3600 * 1000 },
    unsetSeccomp: 'unconfined',
    cdiFolders: ['/etc/cdi', '/var/run/cdi'],
    maxLogLineSize: 16_384,
  });
});

test('times are read in hours, minutes and seconds', () => {
  for (const [text, seconds] of [
    ['1h30m', 5400],
    ['90s', 90],
    ['2m1s', 121],
  ] as const) {
    const settings = v.parse(criSchema, { stream_idle_timeout: text });
    assert.equal(readCriSettings(settings).streaming.idleTimeout, seconds * 1000);
  }
  for (const text of ['', '5', '1s1h', 'soon'])
    assert.ok(!v.safeParse(criSchema, { stream_idle_timeout: text }).success, text);
});

test('the default runtime is one that is configured', () => {
  assert.equal(readCriSettings({ default_runtime: 'runc' }, { runtimes: ['runc'] }).defaultRuntime, 'runc');
  assert.throws(
    () => readCriSettings({ default_runtime: 'runc' }),
    (error) => error instanceof BerthError && error.code === 'bad_configuration' && error.message.includes('runc'),
  );
});

test('a cgroup driver and a seccomp profile that are named are taken', () => {
  assert.equal(readCriSettings({ cgroup_driver: 'systemd' }).cgroupDriver, 'systemd');
  assert.equal(readCriSettings({ cgroup_driver: 'cgroupfs' }).cgroupDriver, 'cgroupfs');
  assert.equal(readCriSettings({ unset_seccomp_profile: 'runtime-default' }).unsetSeccomp, 'runtime-default');
  assert.equal(readCriSettings({ unset_seccomp_profile: '' }).unsetSeccomp, 'unconfined');
});

test('a socket is listened on once, and the daemon listens on its own anyway', () => {
  const sockets = ['/run/a.sock', '/run//a.sock', '/run/berth/berth.sock', '/run/b.sock'];
  const settings = readCriSettings({ sockets }, { socket: '/run/berth/berth.sock' });
  assert.deepEqual(settings.sockets, ['/run/a.sock', '/run/b.sock']);
});

test('numbers out of their bounds and relative paths are refused', () => {
  for (const wrong of [{ stream_port: 70_000 }, { max_log_line_size: 10 }, { sockets: ['x'] }, { nonsense: 1 }])
    assert.ok(!v.safeParse(criSchema, wrong).success, JSON.stringify(wrong));
});
