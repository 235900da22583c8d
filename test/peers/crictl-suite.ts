import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Crictl, findCrictl, noCrictl } from '../harness/crictl.ts';
import type { CriTarget } from '../harness/cri-target.ts';
import { enterOwnNetwork } from '../harness/own-network.ts';
import { eventPatience } from '../harness/patience.ts';
import { Terminal } from '../harness/tty.ts';

export interface CrictlSuite {
  readonly name: string;
  readonly skip: string | false;
  readonly open: () => Promise<CriTarget>;
}

/** One pod with one container, and crictl's commands on them, in the order in which somebody would use them. */
export function crictlSuite({ name, skip, open }: CrictlSuite): void {
  const program = skip === false ? findCrictl() : undefined;
  describe(`crictl with ${name}`, { skip: skip || (program === undefined && noCrictl) }, () => {
    let target: CriTarget;
    let crictl: Crictl;
    let image = '';
    let pod = '';
    let box = '';
    const folder = mkdtempSync('/tmp/bcc-');
    const file = (named: string, content: unknown) => {
      const place = path.join(folder, named);
      writeFileSync(place, JSON.stringify(content));
      return place;
    };
    const metadata = { name: 'pod', namespace: 'crictl', uid: 'uid', attempt: 1 };
    const config = { metadata, hostname: 'here', log_directory: path.join(folder, 'logs'), labels: { app: 'x' } };
    let podFile = '';
    const containerFile = (named: string, command: readonly string[], more: object = {}) =>
      file(`${named}.json`, {
        metadata: { name: named },
        image: { image },
        log_path: `${named}.log`,
        command,
        linux: {},
        ...more,
      });

    before(async () => {
      enterOwnNetwork();
      mkdirSync(config.log_directory);
      target = await open();
      image = await target.images.reference('box');
      podFile = file('pod.json', { ...config, linux: { cgroup_parent: `${target.cgroupParent}/crictl` } });
      crictl = new Crictl(program!, target.socket);
    });
    after(async () => {
      await crictl?.run(['rmp', '--all', '--force']);
      await target?.[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    });

    it('version and info', async () => {
      assert.match(await crictl.expect('version'), /RuntimeApiVersion: {2}v1/);
      const { status } = (await crictl.json('info')) as { status: { conditions: { type: string; status: boolean }[] } };
      assert.ok(status.conditions.every(({ type, status: ready }) => !type.endsWith('Ready') || ready));
    });

    it('pull, images, inspecti', async () => {
      assert.match(await crictl.expect('pull', image), /up to date/);
      assert.match(await crictl.expect('images'), new RegExp(`${image.split(':').slice(0, 2).join(':')}\\s+1\\s`));
      const { status } = (await crictl.json('inspecti', image)) as { status: { repoTags: string[] } };
      assert.deepEqual(status.repoTags, [image]);
    });

    it('runp, pods, inspectp', async () => {
      pod = await crictl.expect('runp', podFile);
      assert.match(await crictl.expect('pods'), /Ready\s+pod\s+crictl\s+1/);
      assert.equal(await crictl.expect('pods', '--quiet', '--label', 'app=x'), pod);
      const { status } = (await crictl.json('inspectp', pod)) as { status: { network: { ip: string }; state: string } };
      assert.equal(status.state, 'SANDBOX_READY');
      assert.match(status.network.ip, /^\d+\.\d+\.\d+\.\d+$/);
    });

    it('create, start, ps, inspect', async () => {
      const command = ['sh', '-c', 'while read line; do echo "got $line"; done; sleep 1000'];
      box = await crictl.expect('create', pod, containerFile('box', command, { stdin: true }), podFile);
      assert.equal(await crictl.expect('ps', '--quiet', '--state', 'created'), box);
      await crictl.expect('start', box);
      assert.match(await crictl.expect('ps'), /Running\s+box\s+0/);
      const { status, info } = (await crictl.json('inspect', box)) as {
        status: { state: string };
        info: { pid: number };
      };
      assert.equal(status.state, 'CONTAINER_RUNNING');
      process.kill(info.pid, 0);
    });

    it('run: pod and container at once', async () => {
      const other = { ...config, metadata: { ...metadata, name: 'other' }, linux: {} };
      const linux = { cgroup_parent: `${target.cgroupParent}/other` };
      const otherFile = file('other.json', { ...other, linux });
      const id = await crictl.expect('run', containerFile('quick', ['echo', 'done']), otherFile);
      await eventually(async () => (await crictl.expect('logs', id)) === 'done');
      const [otherPod = ''] = (await crictl.expect('pods', '--quiet', '--name', 'other')).split('\n');
      await crictl.expect('rmp', '--force', otherPod);
    });

    it('exec --sync', async () => {
      assert.equal((await crictl.expect('exec', '--sync', box, 'hostname')).trim(), 'here');
      const { code, stderr } = await crictl.run(['exec', '--sync', box, 'sh', '-c', 'echo err >&2; exit 3']);
      assert.notEqual(code, 0);
      assert.match(stderr, /err/);
    });

    for (const transport of ['spdy', 'websocket'] as const) {
      const isKnown = () => transport === 'spdy' || target.version === undefined;
      const obstacle = 'this containerd does not speak the fifth version of the protocol';

      it(`exec by ${transport}`, async (context) => {
        if (!isKnown()) return context.skip(obstacle);
        const ran = await crictl.run([
          'exec',
          '--transport',
          transport,
          box,
          'sh',
          '-c',
          'echo out; echo err >&2; exit 7',
        ]);
        assert.equal(ran.stdout, 'out\n');
        assert.match(ran.stderr, /^err$/m);
        assert.match(ran.stderr, /terminated with exit code 7/);
      });

      it(`exec --interactive by ${transport}: the input has an end`, async (context) => {
        if (!isKnown()) return context.skip(obstacle);
        const args = ['exec', '--interactive', '--transport', transport, box, 'sh', '-c', 'cat; echo end'];
        const { code, stdout, stderr } = await crictl.run(args, 'words\n'.repeat(10_000));
        assert.equal(code, 0, stderr);
        assert.equal(stdout, `${'words\n'.repeat(10_000)}end\n`);
      });

      it(`exec --interactive --tty by ${transport}`, async (context) => {
        if (!isKnown()) return context.skip(obstacle);
        const words = crictl.command('exec', '--interactive', '--tty', '--transport', transport, box, 'sh');
        await using terminal = new Terminal(words, { rows: 31, columns: 97 });
        await terminal.until('#');
        terminal.type('until [ "$(stty size)" = "31 97" ]; do sleep 0.1; done; echo size"d"\r');
        await terminal.until('sized');
        terminal.resize(41, 103);
        terminal.type('until [ "$(stty size)" = "41 103" ]; do sleep 0.1; done; echo size"d again"\r');
        await terminal.until('sized again');
        terminal.type('exit 5\r');
        await terminal.until('terminated with exit code 5');
      });

      it(`attach by ${transport}`, async (context) => {
        if (!isKnown()) return context.skip(obstacle);
        const words = crictl.command('attach', '--stdin', '--transport', transport, box);
        using client = new Client(words);
        await eventually(() => {
          client.write(`${transport}\n`);
          return client.output.includes(`got ${transport}\n`);
        });
      });

      it(`port-forward by ${transport}`, async (context) => {
        if (!isKnown()) return context.skip(obstacle);
        const port = transport === 'spdy' ? 7001 : 7002;
        const command = ['nc', '-ll', '-p', String(port), '-e', 'sh', '-c', 'echo from $(hostname)'];
        const id = await crictl.expect('create', pod, containerFile(`nc-${transport}`, command), podFile);
        await crictl.expect('start', id);
        using client = new Client(
          crictl.command('port-forward', '--transport', transport, pod, `${port + 100}:${port}`),
        );
        await eventually(() => client.output.includes('Forwarding from'));
        await eventually(async () => (await said(port + 100)) === 'from here\n');
        await crictl.expect('rm', '--force', id);
      });
    }

    it('logs', async () => {
      const script = 'for i in 1 2 3; do echo out $i; echo err $i >&2; done; sleep 1000';
      const id = await crictl.expect('create', pod, containerFile('talker', ['sh', '-c', script]), podFile);
      await crictl.expect('start', id);
      await eventually(async () => (await crictl.run(['logs', id])).stderr.includes('err 3'));
      const ran = await crictl.run(['logs', id]);
      assert.equal(ran.stdout, 'out 1\nout 2\nout 3\n');
      assert.equal((await crictl.run(['logs', '--stream', 'stderr', id])).stdout, '');
      const log = path.join(config.log_directory, 'talker.log');
      renameSync(log, `${log}.1`);
      await crictl.expect('logs', '--reopen', id);
      assert.ok(existsSync(log));
      await crictl.expect('rm', '--force', id);
    });

    it('stats, statsp, imagefsinfo', async () => {
      const { stats } = (await crictl.json('stats', '--id', box)) as { stats: { attributes: { id: string } }[] };
      assert.deepEqual(
        stats.map(({ attributes }) => attributes.id),
        [box],
      );
      const pods = (await crictl.json('statsp', '--id', pod)) as { stats: { attributes: { id: string } }[] };
      assert.equal(pods.stats[0]?.attributes.id, pod);
      assert.ok(JSON.stringify(await crictl.json('imagefsinfo')).includes('usedBytes'));
    });

    it('metricdescs, metricsp, runtime-config', async (context) => {
      if (target.version !== undefined) return context.skip('this containerd has none of them');
      assert.match(JSON.stringify(await crictl.json('metricdescs')), /container_/);
      assert.ok(JSON.stringify(await crictl.json('metricsp')).includes(pod));
      assert.match(await crictl.expect('runtime-config'), /cgroup/i);
    });

    it('events', async (context) => {
      if (target.version !== undefined) return context.skip('this containerd has no events');
      using client = new Client(crictl.command('events'));
      await eventually(async () => {
        const id = await crictl.expect('create', pod, containerFile('short', ['true']), podFile);
        await crictl.expect('rm', id);
        return client.output.includes(id) && client.output.includes('CONTAINER_DELETED_EVENT');
      });
    });

    it('update', async () => {
      await crictl.expect('update', '--cpu-share', '512', box);
      await crictl.expect('update-runtime-config', '--runtime-config-file', '/dev/null').catch(() => undefined);
    });

    it('stop, rm, stopp, rmp', async () => {
      await crictl.expect('stop', '--timeout', '1', box);
      assert.equal(await crictl.expect('ps', '--quiet', '--all', '--state', 'exited'), box);
      await crictl.expect('rm', box);
      assert.equal(await crictl.expect('ps', '--quiet', '--all'), '');
      await crictl.expect('stopp', pod);
      assert.match(await crictl.expect('pods'), /NotReady\s+pod/);
      await crictl.expect('rmp', pod);
      assert.equal(await crictl.expect('pods', '--quiet'), '');
    });

    it('rmi', async () => {
      await crictl.expect('rmi', image);
      assert.ok(!(await crictl.expect('images')).includes('/box '));
      assert.notEqual((await crictl.run(['inspecti', image])).code, 0);
    });

    it('what is not there is told', async () => {
      const { code, stderr } = await crictl.run(['inspectp', 'nobody']);
      assert.notEqual(code, 0);
      assert.match(stderr, /not ?found/i);
    });

    it('nothing is left', async () => await target.assertNothingLeft());
  });
}

/** A crictl that goes on until it is ended. */
class Client implements Disposable {
  output = '';
  readonly #child: ChildProcess;

  constructor([program, ...args]: readonly string[]) {
    this.#child = spawn(program!, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    for (const stream of [this.#child.stdout!, this.#child.stderr!])
      stream.on('data', (data: Buffer) => (this.output += String(data)));
    this.#child.stdin!.on('error', () => undefined);
  }

  write(words: string): void {
    this.#child.stdin!.write(words);
  }

  [Symbol.dispose](): void {
    this.#child.kill('SIGKILL');
  }
}

async function said(port: number): Promise<string> {
  return await text(connect({ host: '127.0.0.1', port })).catch(() => '');
}

async function eventually(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + eventPatience; Date.now() < deadline; await sleep(200)) if (await isTrue()) return;
  assert.fail(`not so within ${eventPatience} ms: ${String(isTrue)}`);
}
