import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { test, type TestContext } from 'node:test';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { frameTypes } from '@berth/wire/native/stream';
import type { StreamPeer } from '@berth/sdk/fake-daemon';
import { program } from './berth.ts';
import { containerDaemon } from './daemon.ts';

/** script(1) of util-linux gives a command a terminal. */
const absent = spawnSync('script', ['--version']).status === 0 ? false : 'script(1) is not there to give us a terminal';

/** Runs the command at a terminal of 30 rows, types the keys one after the other; its settings before and after. */
async function atTerminal(t: TestContext, args: readonly string[], keys: readonly string[]) {
  const frames: string[] = [];
  const ready = Promise.withResolvers<void>();
  const { socket, calls } = await containerDaemon(t, {
    run(peer: StreamPeer) {
      peer.send(frameTypes.started);
      ready.resolve();
      peer.onFrame(({ type, payload }) => {
        const typed = Buffer.from(payload).toString();
        frames.push(`${type}:${typed}`);
        if (typed.includes('\x04')) peer.send(frameTypes.exit, '{"exitCode":7}');
      });
    },
  });
  const line = `stty rows 30 cols 90; stty -g; "${process.execPath}" "${program}" ${args.join(' ')}; echo "code $?"; stty -g`;
  const child = spawn('script', ['-qec', line, '/dev/null'], { env: { ...process.env, BERTH_HOST: socket } });
  const out = text(child.stdout);
  await ready.promise;
  for (const key of keys) {
    await sleep(100);
    child.stdin.write(key);
  }
  const lines = (await out).trim().split(/\r?\n/);
  const settings = lines.filter((each) => /^[0-9a-f]+(:[0-9a-f]+){5,}$/.test(each));
  return { frames, calls, code: lines.find((each) => each.startsWith('code ')), settings };
}

const size = `${frameTypes.resize}:{"rows":30,"columns":90}`;

test(
  'keys go to the container as they are typed, Ctrl-C too, and the terminal is as before',
  { skip: absent },
  async (t) => {
    const { frames, code, settings } = await atTerminal(t, ['run', '-it', 'i'], ['a\r', '\x03', '\x04']);
    assert.deepEqual(frames, [size, '0:a\r', '0:\x03', '0:\x04']);
    assert.equal(code, 'code 7');
    assert.equal(settings.length, 2);
    assert.equal(settings[0], settings[1]);
  },
);

test('the detach keys leave the container alone, and the terminal as before', { skip: absent }, async (t) => {
  const { frames, calls, code, settings } = await atTerminal(t, ['run', '-it', 'i'], ['\x10', 'z', '\x10', '\x11']);
  assert.deepEqual(frames, [size, '0:\x10z']);
  assert.equal(code, 'code 0');
  assert.equal(calls.length, 2);
  assert.equal(settings[0], settings[1]);
});

test('detach keys of one’s own, for exec', { skip: absent }, async (t) => {
  const args = ['exec', '-it', '--detach-keys', 'a,b', 'c', 'sh'];
  const { frames, code } = await atTerminal(t, args, ['\x10\x11', 'aab']);
  assert.deepEqual(frames, [size, '0:\x10\x11', '0:a']);
  assert.equal(code, 'code 0');
});
