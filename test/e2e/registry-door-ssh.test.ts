import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { copyImages } from '@berth/image/copy/copy';
import { openSource, openTarget } from '@berth/image/medium/open';
import { parseLocation } from '@berth/image/medium/location';
import { ociLayout } from '../harness/archives.ts';
import { Engine, whySkipped } from '../harness/engine.ts';
import { busybox, testImage } from '../harness/images.ts';
import { fakeSsh, type OtherMachine, realSsh, whyNoSshd } from '../harness/ssh.ts';
import { ImageWorkplace } from './image-workplace.ts';

const { signal } = new AbortController();

/** An image of three layers, of which the last differs. */
function image(version: string) {
  const layers = [busybox(), [{ path: 'same', body: randomLayer }], [{ path: 'version', body: version }]];
  return testImage({ compression: 'gzip', layers });
}

const randomLayer = randomBytes(300_000);

describe('a copy between machines', { skip: whySkipped, timeout: 600_000 }, () => {
  let here: ImageWorkplace;
  let there: Engine;
  before(async () => {
    here = await ImageWorkplace.open();
    there = await Engine.start();
    await here.load(ociLayout(image('one'), 'app:1'));
    await here.load(ociLayout(image('two'), 'app:2'));
  });
  after(async () => {
    delete process.env['BERTH_SSH'];
    await there?.[Symbol.asyncDispose]();
    await here?.[Symbol.asyncDispose]();
  });

  async function copy(from: string, to: string) {
    const access = { signal, scratch: '/tmp', berthSocket: here.engine.socket };
    await using source = await openSource(parseLocation(from), access);
    await using target = await openTarget(parseLocation(to), access);
    return await copyImages(source, target, { signal, platforms: 'all', retries: 0 });
  }

  async function clear(): Promise<void> {
    const ids = (await there.expect(['images', '-q', '-a'])).split('\n').filter((id) => id !== '');
    if (ids.length > 0) await there.expect(['rmi', '-f', ...new Set(ids)]);
  }

  /** There and back again, and what the daemon at the other end was sent. */
  async function journey({ host, program }: OtherMachine): Promise<void> {
    process.env['BERTH_SSH'] = program;
    await clear();
    const first = await copy('berth://default/app:1', `ssh://${host}/app:1`);
    assert.ok(first.sent > 300_000, String(first.sent));
    assert.equal(await there.expect(['run', '--rm', 'app:1', 'cat', '/version']), 'one');
    const second = await copy('berth://default/app:2', `ssh://${host}/other:2`);
    assert.ok(second.sent < 5000, `sent ${second.sent} bytes`);
    assert.equal(second.present, first.sent - (await sizeOfLast()));
    assert.equal((await copy('berth://default/app:2', `ssh://${host}/other:2`)).sent, 0);
    assert.equal(await there.expect(['run', '--rm', 'other:2', 'cat', '/version']), 'two');
    const back = await copy(`ssh://${host}/other:2`, 'berth://elsewhere/back:1');
    assert.equal(back.sent, 0);
    assert.equal(back.images[0]?.digest, (await here.inspect('app:2')).Id);
  }

  async function sizeOfLast(): Promise<number> {
    return image('one').layers.at(-1)?.bytes.length ?? 0;
  }

  test('through a program in the place of ssh moves only what is missing', async () => {
    await using machine = fakeSsh(there);
    await journey(machine);
    const calls = readFileSync(machine.log, 'utf8').trim().split('\n');
    for (const call of calls) assert.equal(call, '-p 2222 -T -- fake@machine berth system dial-stdio');
    // Connections are kept: a few for each side of the five copies, not one for each request.
    assert.ok(calls.length <= 5 * 4, `${calls.length} connections`);
  });

  test('through a real ssh moves only what is missing', { skip: whyNoSshd }, async () => {
    await using machine = await realSsh(there);
    await journey(machine);
  });

  test('starts the daemon at the other end', async () => {
    await there.stop();
    await using machine = fakeSsh(there);
    process.env['BERTH_SSH'] = machine.program;
    try {
      await copy('berth://default/app:1', `ssh://${machine.host}/started:1`);
      const names = await there.expect(['images', '--format', '{{.Repository}}:{{.Tag}}']);
      assert.match(names, /^started:1$/m);
    } finally {
      await there.expect(['daemon', 'stop']);
      await there.launch();
    }
  });

  test('tells why ssh did not come through', async () => {
    process.env['BERTH_SSH'] = '/bin/false';
    await assert.rejects(copy('berth://default/app:1', 'ssh://nobody/app:1'), {
      kind: 'failed_precondition',
      code: 'ssh_failed',
    });
    process.env['BERTH_SSH'] = '/nonexistent/ssh';
    await assert.rejects(copy('ssh://nobody/app:1', 'berth://default/x:1'), { code: 'ssh_failed' });
    process.env['BERTH_SSH'] = 'ssh';
    await assert.rejects(copy('berth://default/app:1', 'ssh://root@127.0.0.1:1/app:1'), (error: Error) => {
      assert.match(error.message, /refused/);
      return true;
    });
  });

  test('names the daemon that does not answer', async () => {
    const access = { signal, scratch: '/tmp', berthSocket: '/tmp/no-such-socket' };
    await using source = await openSource(parseLocation('berth://default/app:1'), access);
    await assert.rejects(source.images(signal), { kind: 'unavailable', code: 'daemon_not_running' });
  });
});
