import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ociLayout } from '../harness/archives.ts';
import { Engine, whySkipped } from '../harness/engine.ts';
import { busybox, testImage } from '../harness/images.ts';
import { Serve } from '../harness/serve.ts';
import { fakeSsh } from '../harness/ssh.ts';
import { ImageWorkplace } from './image-workplace.ts';

describe('one Berth and another', { skip: whySkipped, timeout: 400_000 }, () => {
  let here: ImageWorkplace;
  let there: Engine;
  let digest: string;
  before(async () => {
    here = await ImageWorkplace.open();
    there = await Engine.start();
    const image = testImage({ compression: 'gzip', layers: [busybox(), [{ path: 'mark', body: 'far' }]] });
    await here.load(ociLayout(image, 'app:1'));
    digest = (await here.inspect('app:1')).Id;
  });
  after(async () => {
    await there?.[Symbol.asyncDispose]();
    await here?.[Symbol.asyncDispose]();
  });

  test('berth pull takes from berth serve what runs there', async () => {
    await using serve = await Serve.start(here.engine);
    const out = await there.expect(['pull', `${serve.address}/app:1`]);
    assert.ok(out.includes(digest), out);
    assert.equal(await there.expect(['run', '--rm', `${serve.address}/app:1`, 'cat', '/mark']), 'far');
    const push = await there.berth(['push', `${serve.address}/app:1`]);
    assert.notEqual(push.code, 0);
    assert.match(push.stderr, /read|not allowed|denied|unsupported/i);
  });

  test('berth copy goes through ssh, and to another namespace, and moves nothing twice', async () => {
    await using machine = fakeSsh(there);
    const env = { BERTH_SSH: machine.program };
    await here.engine.expect(['copy', 'berth://default/app:1', `ssh://${machine.host}/copied:1`], { env });
    assert.equal(await there.expect(['run', '--rm', 'copied:1', 'cat', '/mark']), 'far');
    await here.engine.expect(['copy', `ssh://${machine.host}/copied:1`, 'berth://other/back:1'], { env });
    const listed = await here.engine.expect(['--namespace', 'other', 'images', '--format', '{{.Repository}}:{{.Tag}}']);
    assert.equal(listed, 'back:1');
    const failed = await here.engine.berth(['copy', 'berth://default/nothing:1', 'berth://other/x:1']);
    assert.notEqual(failed.code, 0);
    assert.match(failed.stderr, /no image docker\.io\/library\/nothing:1/);
  });
});
