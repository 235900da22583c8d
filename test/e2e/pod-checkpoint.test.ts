import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { NamespaceMode } from '@berth/wire/gen/cri/v1/api_pb';
import { runCommand } from '../harness/command.ts';
import { whySkipped } from '../harness/engine.ts';
import { whyNoRegistry } from '../harness/registry.ts';
import { PodPlace } from './pod-place.ts';

/** What criu does as far as we can see: image files, a log, statistics. */
const working = `
while [ $# -gt 0 ]; do case $1 in --images-dir) images=$2;; --work-dir) work=$2;; esac; shift; done
echo core >$images/core-1.img
echo '(00.1) fine' >$work/dump.log
echo stats >$work/stats-dump`;

const failing = `
while [ $# -gt 0 ]; do case $1 in --work-dir) work=$2;; esac; shift; done
echo '(00.1) Error (criu/x.c:1): cannot do that' >$work/dump.log
exit 1`;

describe('checkpoints of pods’ containers', { skip: whySkipped || whyNoRegistry }, () => {
  const folder = mkdtempSync('/tmp/bt-criu-');
  const criu = path.join(folder, 'bin/criu');
  const said = path.join(folder, 'said');
  let place: PodPlace;
  let scratch: string[];
  const usualPath = process.env['PATH'];

  before(async () => {
    mkdirSync(path.dirname(criu));
    use(working);
    process.env['PATH'] = `${path.dirname(criu)}:${usualPath}`;
    place = await PodPlace.open();
    scratch = readdirSync(path.join(place.engine.root, 'tmp'));
  });
  afterEach(() => place.removeAll());
  after(async () => {
    await place[Symbol.asyncDispose]();
    process.env['PATH'] = usualPath;
    rmSync(folder, { recursive: true });
  });

  function use(script: string): void {
    writeFileSync(criu, `#!/bin/sh\necho "$@" >${said}\n${script}\n`);
    chmodSync(criu, 0o755);
  }

  const checkpoint = (containerId: string, location: string) =>
    place.cri.runtime.checkpointContainer({ containerId, location, timeout: 0n });

  async function listed(archive: string): Promise<string[]> {
    const { stdout } = await runCommand(['tar', '-t', '-f', archive]);
    return stdout.trim().split('\n').toSorted();
  }

  async function member(archive: string, name: string): Promise<string> {
    return (await runCommand(['tar', '-x', '-O', '-f', archive, name])).stdout;
  }

  test('are archives as checkpointctl reads them, and the container goes on', async () => {
    use(working);
    const pod = await place.run({ logDirectory: path.join(folder, 'logs') });
    const command = ['sh', '-c', 'echo logged; echo mine >/own; rm /etc/group; echo done; sleep 1000'];
    const id = await place.start(pod, { command, logPath: 'app.log' });
    await place.sh(id, 'until test ! -e /etc/group; do usleep 1000; done');
    const archive = path.join(folder, 'checkpoint.tar');
    await checkpoint(id, archive);
    const names = await listed(archive);
    for (const name of ['checkpoint/core-1.img', 'config.dump', 'container.log', 'deleted.files', 'dump.log']) {
      assert.ok(names.includes(name), `${name} of ${names.join(' ')}`);
    }
    assert.ok(names.includes('rootfs-diff.tar') && names.includes('spec.dump') && names.includes('stats-dump'));
    assert.equal((JSON.parse(await member(archive, 'config.dump')) as { id: string }).id, id);
    assert.deepEqual(JSON.parse(await member(archive, 'deleted.files')), ['etc/group']);
    assert.match(await member(archive, 'container.log'), / stdout F logged\n/);
    const changes = path.join(folder, 'changes.tar');
    await runCommand(['sh', '-c', `tar -x -O -f ${archive} rootfs-diff.tar >${changes}`]);
    assert.ok((await listed(changes)).includes('own'));
    assert.match(readFileSync(said, 'utf8'), /^dump --tree \d+ .*--leave-running/);
    assert.equal(await place.sh(id, 'cat /own'), 'mine');
    assert.deepEqual(readdirSync(path.join(place.engine.root, 'tmp')), scratch);
  });

  test('that criu refuses leave nothing, and tell in its words why', async () => {
    use(failing);
    const id = await place.start(await place.run());
    const archive = path.join(folder, 'refused.tar');
    await assert.rejects(checkpoint(id, archive), { kind: 'failed_precondition', message: /cannot do that/ });
    assert.ok(!existsSync(archive));
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.includes('partial')),
      [],
    );
    assert.deepEqual(readdirSync(path.join(place.engine.root, 'tmp')), scratch);
    assert.equal(await place.sh(id, 'echo lives'), 'lives');
  });

  test('need a container that runs, and a folder to go to', async () => {
    use(working);
    const pod = await place.run();
    const archive = path.join(folder, 'none.tar');
    const made = await place.create(pod);
    await assert.rejects(checkpoint(made, archive), { kind: 'failed_precondition', message: /runs/ });
    await assert.rejects(checkpoint('nosuch', archive), { kind: 'not_found' });
    const id = await place.start(pod);
    await assert.rejects(checkpoint(id, '/no/such/folder/a.tar'), { kind: 'invalid_argument', message: /location/ });
    await assert.rejects(checkpoint(id, 'relative.tar'), { kind: 'invalid_argument', message: /location/ });
    assert.ok(!existsSync(archive));
  });

  test('need criu', { skip: existsSync('/usr/bin/criu') && 'criu is where everything else is' }, async () => {
    process.env['PATH'] = '/usr/bin:/bin';
    await using without = await PodPlace.open();
    const namespaceOptions = { network: NamespaceMode.NODE };
    const pod = await without.run({ hostname: '', linux: { securityContext: { namespaceOptions } } });
    const containerId = await without.start(pod);
    const request = { containerId, location: path.join(folder, 'none.tar'), timeout: 0n };
    const refused = { kind: 'failed_precondition', message: /criu, which is not in/ };
    await assert.rejects(without.cri.runtime.checkpointContainer(request), refused);
    await without.removeAll();
  });
});
