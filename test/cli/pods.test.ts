import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { NamespaceMode } from '@berth/wire/gen/cri/v1/api_pb';
import type { PodDetail } from '@berth/wire/native/api';
import { archive, ociLayout } from '../harness/archives.ts';
import { CriClient } from '../harness/cri-client.ts';
import { Engine, whySkipped } from '../harness/engine.ts';
import { testImage } from '../harness/images.ts';
import { assertNothingLeft, type Belongings, belongings } from '../harness/leaks.ts';

/** Pods that a client of the CRI has made, seen and handled with the command. */
describe('the command and pods', { skip: whySkipped }, () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'bt-pods-'));
  let engine: Engine;
  let cri: CriClient;
  let clean: Belongings;
  let count = 0;

  before(async () => {
    engine = await Engine.start();
    const file = path.join(folder, 'image.tar');
    writeFileSync(file, archive(ociLayout(testImage(), 'app:1')));
    await engine.expect(['-n', 'k8s.io', 'load', '-i', file]);
    await engine.expect(['load', '-i', file]);
    cri = await CriClient.open(engine.socket);
    // What the first pod and container make, and what stays.
    const { pod } = await podWithContainer();
    await berth('run', '--rm', 'app:1', 'true');
    await berth('pod', 'rm', '-f', pod);
    clean = belongings(engine);
  });

  afterEach(async () => {
    const pods = await berth('pods', '-q');
    if (pods !== '') await berth('pod', 'rm', '-f', ...pods.split('\n'));
    const rest = await berth('ps', '-aq');
    if (rest !== '') await berth('rm', '-f', ...rest.split('\n'));
    await assertNothingLeft(engine, clean);
  });

  after(async () => {
    await cri[Symbol.asyncDispose]();
    await engine[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  const berth = (...args: readonly string[]) => engine.expect(args);

  /** A pod in the host's network, whose container runs. */
  async function podWithContainer(command: readonly string[] = ['sleep', '1000']) {
    const name = `web-${count++}`;
    const podConfig = {
      metadata: { name, uid: `uid-${name}`, namespace: 'shop' },
      logDirectory: path.join(folder, name),
      labels: { app: 'web' },
      linux: { securityContext: { namespaceOptions: { network: NamespaceMode.NODE } } },
    };
    const { podSandboxId: pod } = await cri.runtime.runPodSandbox({ config: podConfig });
    const { containerId: container } = await cri.runtime.createContainer({
      podSandboxId: pod,
      config: {
        metadata: { name: 'app' },
        image: { image: 'app:1' },
        command: [...command],
        logPath: 'app.log',
        linux: { securityContext: { namespaceOptions: { network: NamespaceMode.NODE } } },
      },
      sandboxConfig: podConfig,
    });
    await cri.runtime.startContainer({ containerId: container });
    return { name, pod, container };
  }

  it('pods are listed with their state and how many of their containers run', async () => {
    const { name, pod } = await podWithContainer();
    assert.match(
      await berth('pods'),
      new RegExp(`^POD ID +NAME +NAMESPACE .*\\n${pod.slice(0, 12)} +${name} +shop +.* +Ready +1/1 *$`),
    );
    await berth('pod', 'stop', name);
    assert.equal(await berth('pods', '--format', '{{.Status}} {{.Containers}}'), 'NotReady 0/1');
    assert.equal(await berth('pods', '-q', '-f', 'status=ready'), '');
    assert.equal(await berth('pods', '-q', '--no-trunc', '-f', 'label=app=web', '-f', 'namespace=shop'), pod);
  });

  it('ps shows containers of pods beside the others, with their pod, and never what only holds a pod', async () => {
    const { name, pod, container } = await podWithContainer();
    const own = await berth('run', '-d', '--name', 'own', 'app:1', 'sleep', '1000');
    const rows = (await berth('ps', '--no-trunc', '--format', '{{.ID}} {{.Namespace}} {{.Pod}} {{.PodID}}')).split(
      '\n',
    );
    assert.deepEqual(rows, [`${own} default  `, `${container} k8s.io shop/${name} ${pod}`]);
    assert.match(await berth('ps'), new RegExp(`STATUS +POD +NAMES\\n.*\\n${container.slice(0, 12)} .* shop/${name} `));
    assert.equal(await berth('-n', 'default', 'ps', '-q', '--no-trunc'), own);
    assert.equal(await berth('-n', 'k8s.io', 'ps', '-q', '--no-trunc'), container);
    assert.equal(await berth('ps', '-q', '--no-trunc', '-f', `pod=${pod.slice(0, 10)}`), container);
  });

  it('a container of a pod is looked at, and run in, by its id from everywhere', async () => {
    const { name, pod, container } = await podWithContainer(['sh', '-c', 'echo said; exec sleep 1000']);
    const short = container.slice(0, 12);
    assert.equal(
      await berth('inspect', '-f', '{{.Namespace}} {{.Pod.name}} {{.State.Status}}', short),
      `k8s.io ${name} running`,
    );
    assert.equal(await berth('exec', short, 'echo', 'hello'), 'hello');
    assert.equal(await berth('logs', short), 'said');
    assert.match(await berth('top', short), /sleep 1000/);
    assert.match(await berth('explain', short), /execve/);
    assert.match(await berth('inspect', '-f', '{{.LogPath}}', short), /\/app\.log$/);
    assert.equal(await berth('inspect', '-f', '{{.Id}}', pod.slice(0, 12)), pod, 'the sandbox, too');
  });

  it('what stop and rm do to it, the pod’s clients see', async () => {
    const { pod, container } = await podWithContainer();
    assert.match((await engine.berth(['rm', container])).stderr, /running/);
    assert.match((await engine.berth(['restart', container])).stderr, /starts once in its life/);
    await berth('stop', '-t', '0', container);
    const { status } = await cri.runtime.containerStatus({ containerId: container });
    assert.deepEqual([status?.state, status?.exitCode], [2, 137]);
    await berth('rm', container.slice(0, 12));
    assert.deepEqual((await cri.runtime.listContainers({ filter: { podSandboxId: pod } })).containers, []);
  });

  it('system prune leaves what belongs to pods to their owner', async () => {
    const { container } = await podWithContainer(['true']);
    await berth('wait', container);
    const own = await berth('run', '-d', 'app:1', 'true');
    await berth('wait', own);
    const pruned = await berth('system', 'prune', '-f');
    assert.match(pruned, new RegExp(own));
    assert.equal(await berth('ps', '-aq', '--no-trunc'), container);
  });

  it('the process that holds a pod is the pod’s: it is not stopped, killed or removed by itself', async () => {
    const { pod } = await podWithContainer();
    for (const words of [['stop'], ['kill'], ['rm', '-f'], ['exec', pod, 'true']]) {
      const { code, stderr } = await engine.berth(words[0] === 'exec' ? words : [...words, pod]);
      assert.notEqual(code, 0, words.join(' '));
      assert.match(stderr, /is a pod/);
      assert.match(stderr, /berth pod stop/);
    }
  });

  it('a pod is inspected, and removed with force when it is ready', async () => {
    const { name, pod, container } = await podWithContainer();
    const [detail] = JSON.parse(await berth('pod', 'inspect', name)) as [PodDetail];
    assert.equal(detail.id, pod);
    assert.deepEqual(
      detail.members.map(({ id }) => id),
      [container],
    );
    assert.equal(await berth('pod', 'inspect', '-f', '{{.uid}}', pod.slice(0, 12)), `uid-${name}`);
    const refused = await engine.berth(['pod', 'rm', name]);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /is running[^]*berth pod stop/);
    await berth('pod', 'rm', '-f', name);
    assert.equal(await berth('pods', '-q'), '');
    assert.match((await engine.berth(['pod', 'stop', name])).stderr, /no such pod/);
    assert.equal((await engine.berth(['pod', 'rm', '-f', name])).code, 0, 'gone already is what was wished');
  });

  it('bad filters and names say what is wrong', async () => {
    assert.match((await engine.berth(['pods', '-f', 'status=lazy'])).stderr, /one of ready, not_ready/);
    assert.match((await engine.berth(['pods', '-f', 'colour=red'])).stderr, /filters are id, name, namespace/);
    assert.match((await engine.berth(['pod', 'inspect', 'nobody'])).stderr, /no such pod: nobody/);
  });
});
