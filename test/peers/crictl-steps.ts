import assert from 'node:assert/strict';
import { existsSync, renameSync } from 'node:fs';
import path from 'node:path';
import { eventually, RunningCrictl, type Step } from './crictl-place.ts';
import { streamSteps } from './crictl-stream-steps.ts';

interface Told {
  readonly status: {
    readonly state: string;
    readonly repoTags: readonly string[];
    readonly network: { readonly ip: string };
    readonly conditions: readonly { readonly type: string; readonly status: boolean }[];
  };
  readonly info: { readonly pid: number };
  readonly stats: readonly { readonly attributes: { readonly id: string } }[];
}

const begin: readonly Step[] = [
  {
    name: 'version, info',
    run: async ({ crictl }) => {
      assert.match(await crictl.expect('version'), /RuntimeApiVersion: {2}v1/);
      const { status } = (await crictl.json('info')) as Told;
      assert.ok(status.conditions.every(({ type, status: ready }) => !type.endsWith('Ready') || ready));
    },
  },
  {
    name: 'pull, images, inspecti',
    run: async ({ crictl, image }) => {
      assert.match(await crictl.expect('pull', image), /up to date/);
      assert.match(await crictl.expect('images'), new RegExp(`${image.replace(/:1$/, '')}\\s+1\\s`));
      const { status } = (await crictl.json('inspecti', image)) as Told;
      assert.deepEqual(status.repoTags, [image]);
    },
  },
  {
    name: 'runp, pods, inspectp',
    run: async (place) => {
      const { crictl } = place;
      place.pod = await crictl.expect('runp', place.podFile());
      assert.match(await crictl.expect('pods'), /Ready\s+pod\s+crictl\s+1/);
      assert.equal(await crictl.expect('pods', '--quiet', '--label', 'app=x'), place.pod);
      const { status } = (await crictl.json('inspectp', place.pod)) as Told;
      assert.equal(status.state, 'SANDBOX_READY');
      assert.match(status.network.ip, /^\d+\.\d+\.\d+\.\d+$/);
    },
  },
  {
    name: 'create, start, ps, inspect',
    run: async (place) => {
      const { crictl } = place;
      const command = ['sh', '-c', 'while read line; do echo "got $line"; done; sleep 1000'];
      place.box = await place.create('box', command, { stdin: true });
      assert.equal(await crictl.expect('ps', '--quiet', '--state', 'created'), place.box);
      await crictl.expect('start', place.box);
      assert.match(await crictl.expect('ps'), /Running\s+box\s+0/);
      const { status, info } = (await crictl.json('inspect', place.box)) as Told;
      assert.equal(status.state, 'CONTAINER_RUNNING');
      process.kill(info.pid, 0);
    },
  },
  {
    name: 'run: pod and container at once',
    run: async (place) => {
      const { crictl } = place;
      const id = await crictl.expect('run', place.containerFile('quick', ['echo', 'done']), place.podFile('other'));
      await eventually(async () => (await crictl.expect('logs', id)) === 'done');
      await crictl.expect('rmp', '--force', await crictl.expect('pods', '--quiet', '--name', 'other'));
    },
  },
  {
    name: 'exec --sync',
    run: async ({ crictl, box }) => {
      assert.equal((await crictl.expect('exec', '--sync', box, 'hostname')).trim(), 'here');
      const { code, stderr } = await crictl.run(['exec', '--sync', box, 'sh', '-c', 'echo err >&2; exit 3']);
      assert.notEqual(code, 0);
      assert.match(stderr, /err/);
    },
  },
];

const end: readonly Step[] = [
  {
    name: 'logs',
    run: async (place) => {
      const { crictl } = place;
      const script = 'for i in 1 2 3; do echo out $i; echo err $i >&2; done; sleep 1000';
      const id = await place.create('talker', ['sh', '-c', script]);
      await crictl.expect('start', id);
      await eventually(async () => (await crictl.run(['logs', id])).stderr.includes('err 3'));
      assert.equal(await crictl.expect('logs', id), 'out 1\nout 2\nout 3');
      assert.equal(await crictl.expect('logs', '--stream', 'stderr', id), '');
      const log = path.join(place.logs, 'talker.log');
      renameSync(log, `${log}.1`);
      await crictl.expect('logs', '--reopen', id);
      assert.ok(existsSync(log));
      await crictl.expect('rm', '--force', id);
    },
  },
  {
    name: 'stats, statsp, imagefsinfo',
    run: async ({ crictl, pod, box }) => {
      const ids = async (command: string, id: string) =>
        ((await crictl.json(command, '--id', id)) as Told).stats.map(({ attributes }) => attributes.id);
      assert.deepEqual(await ids('stats', box), [box]);
      assert.deepEqual(await ids('statsp', pod), [pod]);
      assert.ok(JSON.stringify(await crictl.json('imagefsinfo')).includes('usedBytes'));
    },
  },
  {
    name: 'metricdescs, metricsp, runtime-config',
    missingInContainerd: 'metrics and the configuration of the runtime',
    run: async ({ crictl, pod }) => {
      assert.match(JSON.stringify(await crictl.json('metricdescs')), /container_/);
      assert.ok(JSON.stringify(await crictl.json('metricsp')).includes(pod));
      assert.match(await crictl.expect('runtime-config'), /cgroup/i);
    },
  },
  {
    name: 'events',
    missingInContainerd: 'events',
    run: async (place) => {
      using client = new RunningCrictl(place.crictl.command('events'));
      await eventually(async () => {
        const id = await place.create('short', ['true']);
        await place.crictl.expect('rm', id);
        return client.output.includes(id) && client.output.includes('CONTAINER_DELETED_EVENT');
      });
    },
  },
  {
    name: 'update, update-runtime-config',
    run: async ({ crictl, box }) => {
      await crictl.expect('update', '--cpu-share', '512', box);
      await crictl.expect('update-runtime-config', '--pod-cidr', '10.200.0.0/16');
    },
  },
  {
    name: 'stop, rm, stopp, rmp',
    run: async ({ crictl, pod, box }) => {
      await crictl.expect('stop', '--timeout', '1', box);
      assert.equal(await crictl.expect('ps', '--quiet', '--all', '--state', 'exited'), box);
      await crictl.expect('rm', box);
      assert.equal(await crictl.expect('ps', '--quiet', '--all'), '');
      await crictl.expect('stopp', pod);
      assert.match(await crictl.expect('pods'), /NotReady\s+pod/);
      await crictl.expect('rmp', pod);
      assert.equal(await crictl.expect('pods', '--quiet'), '');
    },
  },
  {
    name: 'rmi',
    run: async ({ crictl, image }) => {
      await crictl.expect('rmi', image);
      assert.doesNotMatch(await crictl.expect('images'), /\/box\s/);
      assert.notEqual((await crictl.run(['inspecti', image])).code, 0);
    },
  },
  {
    name: 'what is not there is told',
    run: async ({ crictl }) => {
      const { code, stderr } = await crictl.run(['inspectp', 'nobody']);
      assert.notEqual(code, 0);
      assert.match(stderr, /not ?found/i);
    },
  },
  { name: 'nothing is left', run: async ({ target }) => await target.assertNothingLeft() },
];

/** crictl's commands on one pod with one container, in the order in which somebody would use them. */
export const steps: readonly Step[] = [...begin, ...streamSteps, ...end];
