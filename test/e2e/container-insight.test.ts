import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { whySkipped } from '../harness/engine.ts';
import { assertFailed, containerEngine } from './container-engine.ts';

/** Fields of docker's inspect that the tests look at. */
type Inspection = Readonly<Record<string, string | readonly unknown[]>> & {
  readonly State: Readonly<Record<string, unknown>> & { readonly Pid: number; readonly StartedAt: string };
  readonly HostConfig: Readonly<Record<string, unknown>>;
  readonly Config: Readonly<Record<string, unknown>> & { readonly Env: readonly string[] };
  readonly Mounts: readonly { readonly Destination: string }[];
  readonly RepoTags: readonly string[];
};

describe('what is told of containers', { skip: whySkipped }, () => {
  const box = containerEngine();

  const sleeper = (name: string, ...flags: string[]) =>
    box.expect(['run', '-d', '--name', name, ...flags, 'busybox', 'sleep', '1000']);

  test('ps has docker’s columns, and shows what runs; -a shows all, newest first', async () => {
    const id = await sleeper('up');
    assert.equal((await box.berth(['run', '--name', 'over', 'busybox', 'sh', '-c', 'exit 3'])).code, 3);
    await box.expect(['create', '--name', 'fresh', 'busybox']);
    const [header, row, ...rest] = (await box.expect(['ps'])).split('\n');
    assert.match(header!, /^CONTAINER ID {3}IMAGE +COMMAND +CREATED +STATUS +PORTS +NAMES$/);
    assert.match(row!, new RegExp(`^${id.slice(0, 12)} +busybox +"sleep 1000" +.* ago +Up .* +up$`));
    assert.deepEqual(rest, []);
    const all = await box.expect(['ps', '-a', '--format', '{{.Names}}|{{.State}}|{{.Command}}']);
    assert.deepEqual(all.split('\n'), [
      'fresh|created|"sh"',
      'over|exited|"sh -c \'exit 3\'"',
      'up|running|"sleep 1000"',
    ]);
    assert.match(await box.expect(['ps', '-a', '-f', 'name=over', '--format', '{{.Status}}']), /^Exited \(3\) .* ago$/);
    assert.equal(await box.expect(['ps', '-q', '--no-trunc']), id);
    assert.equal(await box.expect(['ps', '-lq']), await box.expect(['ps', '-aqf', 'name=fresh']));
    assert.equal((await box.expect(['ps', '-qn', '2'])).split('\n').length, 2);
  });

  test('ps filters by name, id, state, label, image and exit code', async () => {
    await box.load('other');
    const id = await sleeper('web-1', '-l', 'tier=front', '-l', 'bare');
    await sleeper('web-2', '-l', 'tier=back');
    assert.equal((await box.berth(['run', '--name', 'job', 'other', 'sh', '-c', 'exit 4'])).code, 4);
    await box.expect(['pause', 'web-2']);
    const names = async (...filters: string[]) =>
      (await box.expect(['ps', ...filters.flatMap((one) => ['-f', one]), '--format', '{{.Names}}']))
        .split('\n')
        .toSorted();
    assert.deepEqual(await names('name=web'), ['web-1', 'web-2']);
    assert.deepEqual(await names('name=^web-1$'), ['web-1']);
    assert.deepEqual(await names(`id=${id.slice(0, 8)}`), ['web-1']);
    assert.deepEqual(await names('status=exited'), ['job']);
    assert.deepEqual(await names('status=paused', 'status=exited'), ['job', 'web-2']);
    assert.deepEqual(await names('exited=4'), ['job']);
    assert.deepEqual(await names('exited=0'), ['']);
    assert.deepEqual(await names('label=tier'), ['web-1', 'web-2']);
    assert.deepEqual(await names('label=tier=front', 'label=bare'), ['web-1']);
    assert.deepEqual(await names('label=tier', 'name=2'), ['web-2']);
    assert.deepEqual(await names('ancestor=busybox'), ['web-1', 'web-2']);
    assert.deepEqual(await names('ancestor=other', 'status=exited'), ['job']);
    for (const [filter, message] of [
      ['colour=red', /unknown filter 'colour'/],
      ['plain', /plain/],
      ['status=asleep', /asleep/],
      ['exited=soon', /soon/],
    ] as const) {
      const ran = await box.berth(['ps', '-f', filter]);
      assert.notEqual(ran.code, 0, filter);
      assertFailed(ran, ran.code, message);
    }
  });

  test('a bad filter is told of, also where there is no container to try it on', async () => {
    assertFailed(await box.berth(['ps', '-f', 'colour=red']), 1, /unknown filter 'colour'/);
  });

  test('inspect of a container has docker’s fields with what was asked and what is', async () => {
    const flags = [
      '--memory',
      '64m',
      '--cpus',
      '0.5',
      '-e',
      'A=b',
      '-l',
      'x=y',
      '-v',
      '/etc:/host:ro',
      '--cap-add',
      'SYS_TIME',
    ];
    const id = await sleeper('seen', ...flags);
    const [found] = JSON.parse(await box.expect(['inspect', 'seen'])) as [Inspection];
    assert.equal(found['Id'], id);
    assert.equal(found['Name'], '/seen');
    assert.equal(found['Path'], 'sleep');
    assert.deepEqual(found['Args'], ['1000']);
    assert.deepEqual([found.State['Running'], found.State['Status'], found.State['ExitCode']], [true, 'running', 0]);
    assert.ok(found.State.Pid > 1);
    assert.match(found.State.StartedAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/);
    assert.deepEqual([found.HostConfig['Memory'], found.HostConfig['NanoCpus']], [67_108_864, 500_000_000]);
    assert.deepEqual(found.HostConfig['CapAdd'], ['SYS_TIME']);
    assert.deepEqual(found.HostConfig['Binds'], ['/etc:/host:ro']);
    assert.deepEqual(found.Mounts[0]?.Destination, '/host');
    assert.ok(found.Config.Env.includes('A=b'));
    assert.deepEqual(found.Config['Labels'], { x: 'y' });
    assert.equal(found.Config['Image'], 'busybox');
    await box.expect(['stop', '-t', '0', 'seen']);
    const format = '{{.State.Running}} {{.State.ExitCode}} {{.State.Pid}} {{json .Config.Labels}}';
    assert.equal(await box.expect(['inspect', '-f', format, 'seen']), 'false 137 0 {"x":"y"}');
    const times = (await box.inspect('seen')).state;
    assert.ok(Date.parse(times.finishedAt) >= Date.parse(times.startedAt));
  });

  test('inspect finds images too, a container first, and tells what is neither', async () => {
    const [image] = JSON.parse(await box.expect(['inspect', 'busybox'])) as [Inspection];
    assert.ok(image.RepoTags.includes('busybox:latest'));
    assert.deepEqual(image.Config['Cmd'], ['sh']);
    assert.equal(image['Architecture'], process.arch === 'arm64' ? 'arm64' : 'amd64');
    await sleeper('busybox');
    assert.equal(await box.expect(['inspect', '-f', '{{.Name}}', 'busybox']), '/busybox');
    assert.match(await box.expect(['inspect', '--type', 'image', '-f', '{{.Id}}', 'busybox']), /^sha256:/);
    const { code, stdout, stderr } = await box.berth(['inspect', 'absent', 'busybox']);
    assert.equal(code, 1);
    assert.equal((JSON.parse(stdout) as unknown[]).length, 1);
    assert.match(stderr, /no such object: absent/);
  });

  test('stats shows use and limits of what runs', async () => {
    await box.expect(['run', '-d', '--name', 'busy', '--memory', '64m', 'busybox', 'sh', '-c', 'while :; do :; done']);
    const text = await box.expect(['stats', '--no-stream', 'busy']);
    const [header, row] = text.split('\n');
    assert.match(header!, /^CONTAINER ID +NAME +CPU % +MEM USAGE \/ LIMIT +MEM % +NET I\/O +BLOCK I\/O +PIDS$/);
    assert.match(row!, /^[0-9a-f]{12} +busy +\d+\.\d\d% +[\d.]+[KM]iB \/ 64MiB +[\d.]+% +0B \/ 0B +\S+ \/ \S+ +1$/);
    assert.ok(Number(/(\d+\.\d+)%/.exec(row!)?.[1]) > 5, `${row}`);
    assertFailed(await box.berth(['stats', '--no-stream', 'absent']), 1, /no such container: absent/);
  });

  test('top shows the processes of the container alone, with ps’s arguments where given', async () => {
    await box.expect([
      'run',
      '-d',
      '--name',
      'crowd',
      'busybox',
      'sh',
      '-c',
      'sleep 1001 & echo ready; exec sleep 1002',
    ]);
    await box.logged('crowd', 'ready');
    const [header, ...rows] = (await box.expect(['top', 'crowd'])).split('\n');
    assert.match(header!, /^UID +PID +PPID +C +STIME +TTY +TIME +CMD/);
    assert.deepEqual(rows.map((row) => row.trimEnd().split(/ {2,}/).at(-1)).toSorted(), ['sleep 1001', 'sleep 1002']);
    const own = await box.expect(['top', 'crowd', '-o', 'pid,comm']);
    assert.match(own, /^PID +COMMAND/);
    assert.equal(own.trimEnd().split('\n').length, 3);
    assertFailed(await box.berth(['top', 'crowd', '-o', 'comm']), 1, /PID/);
    assertFailed(await box.berth(['top', 'crowd', '--bogus']), 1, /ps/);
    await box.expect(['stop', '-t', '0', 'crowd']);
    assertFailed(await box.berth(['top', 'crowd']), 1, /crowd is not running/);
  });

  test('events tell of each step of a life, once and in order', async () => {
    const seen: string[] = [];
    const stop = new AbortController();
    const ended = Promise.withResolvers<void>();
    const listening = (async () => {
      for await (const { action, attributes } of box.client.events({ signal: stop.signal })) {
        if (attributes['name'] !== 'eventful' && attributes['name'] !== 'renamed') continue;
        seen.push(action === 'die' ? `die ${attributes['exitCode']}` : action);
        if (action === 'destroy') ended.resolve();
      }
    })().catch(() => undefined);
    await sleeper('eventful');
    await box.expect(['exec', 'eventful', 'true']);
    await box.expect(['pause', 'eventful']);
    await box.expect(['unpause', 'eventful']);
    await box.expect(['rename', 'eventful', 'renamed']);
    await box.expect(['stop', '-t', '0', 'renamed']);
    await box.expect(['rm', 'renamed']);
    await ended.promise;
    stop.abort();
    await listening;
    assert.deepEqual(
      seen.filter((action) => !action.startsWith('kill')),
      [
        'create',
        'start',
        'exec_create',
        'exec_start',
        'exec_die',
        'pause',
        'unpause',
        'rename',
        'die 137',
        'stop',
        'destroy',
      ],
    );
  });
});
