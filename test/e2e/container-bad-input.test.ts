import assert from 'node:assert/strict';
import { request } from 'node:http';
import { describe, test } from 'node:test';
import { whySkipped } from '../harness/engine.ts';
import { assertFailed, containerEngine } from './container-engine.ts';

/** Words, the exit code (125 for mistakes in flags and of `run`), and what the one line says. */
const mistakes: readonly (readonly [string, number, RegExp])[] = [
  ['run', 125, /at least 1 argument/],
  ['run -z busybox', 125, /unknown shorthand flag: 'z'/],
  ['run --name', 125, /flag needs an argument: --name/],
  ['run --cpus x busybox', 125, /'x' is not a number of cores/],
  ['run --stop-timeout x busybox', 125, /'x' is not a whole number/],
  ['run --publish 80:80 busybox', 125, /--publish is not supported yet/],
  ['run --restart always busybox', 125, /restart policies are not supported yet/],
  ['run -v /:x busybox', 125, /invalid mount path 'x'/],
  ['run UPPER:case', 125, /'UPPER:case'/],
  ['run --pull never busybox:absent', 125, /unable to find image 'busybox:absent' locally/],
  ['run -d -a stdout busybox', 1, /conflicting options: cannot specify both --attach and --detach/],
  ['create', 1, /at least 1 argument/],
  ['create --pull never absent', 1, /unable to find image 'absent:latest' locally|no such image/],
  ['create --name x busybox', 1, /invalid container name 'x'/],
  ['start', 1, /at least 1 argument/],
  ['start absent', 1, /no such container: absent/],
  ['start -a one two', 1, /cannot start and attach multiple containers/],
  ['stop', 1, /at least 1 argument/],
  ['stop -t soon absent', 125, /'soon' is not a whole number/],
  ['kill absent', 1, /no such container: absent/],
  ['rm absent', 1, /no such container: absent/],
  ['restart absent', 1, /no such container: absent/],
  ['rename absent', 1, /exactly 2 arguments|requires 2 arguments/],
  ['pause absent', 1, /no such container: absent/],
  ['unpause absent', 1, /no such container: absent/],
  ['wait absent', 1, /no such container: absent/],
  ['logs absent', 1, /no such container: absent/],
  ['attach absent', 1, /no such container: absent/],
  ['exec absent true', 1, /no such container: absent/],
  ['top absent', 1, /no such container: absent/],
  ['stats --no-stream absent', 1, /no such container: absent/],
  ['inspect absent', 1, /no such object: absent/],
  ['explain absent', 1, /no such container: absent/],
  ['ps extra', 1, /no arguments|accepts no/i],
  ['ps -a --format {{.Absent}}', 1, /Absent/],
  ['fly', 1, /unknown command: berth fly/],
];

describe('bad input to the commands of containers', { skip: whySkipped }, () => {
  const box = containerEngine();

  for (const [words, code, message] of mistakes) {
    test(`berth ${words}: one line, code ${code}`, async () => {
      // A template is compiled when there is a row to show.
      if (words.startsWith('ps -a')) await box.expect(['create', 'busybox']);
      const { stdout, ...ran } = await box.berth(words.split(' '));
      assertFailed({ stdout, ...ran }, code, message);
      if (!words.startsWith('inspect')) assert.equal(stdout, '');
    });
  }

  async function post(path: string, body: string): Promise<{ status: number; text: string }> {
    const { promise, resolve, reject } = Promise.withResolvers<{ status: number; text: string }>();
    const call = request({
      agent: false,
      socketPath: box.engine.socket,
      path: `/berth/v1${path}`,
      method: 'POST',
      headers: { 'content-type': 'application/json' },
    });
    call.on('response', (response) => {
      let text = '';
      response.on('data', (chunk) => (text += String(chunk)));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    call.on('error', reject).end(body);
    return await promise;
  }

  test('bodies that are no good are refused by the field’s name, and change nothing', async () => {
    const bodies: readonly (readonly [string, RegExp])[] = [
      ['', /JSON|body/i],
      ['{', /JSON/],
      ['[]', /image/],
      ['{"image":7}', /image/],
      ['{"image":"busybox","command":"sh"}', /command/],
      ['{"image":"busybox","memory":"lots"}', /memory/],
      ['{"image":"busybox","memory":-1}', /memory/],
      ['{"image":"busybox","memory":1.5}', /memory/],
      ['{"image":"busybox","memry":1}', /memry/],
      ['{"image":"busybox","command":["a\\u0000b"]}', /command/],
      ['{"image":"busybox","env":["=x"]}', /environment variable/],
      ['{"image":"busybox","workingDir":"here"}', /not absolute/],
      ['{"image":"busybox","mounts":[{"source":"a","target":"/b"}]}', /absolute/],
      ['{"image":"busybox","mounts":[{"source":"/","target":"/"}]}', /\//],
      ['{"image":"busybox","mounts":[{"source":"/","target":"/b","propagation":"x"}]}', /propagation 'x'/],
      ['{"image":"busybox","seccomp":"{}"}', /defaultAction/],
      ['{"image":"busybox","ulimits":[{"name":"x","soft":1,"hard":1}]}', /unknown limit x/],
      ['{"image":"busybox","stopSignal":"99"}', /invalid signal: 99/],
      ['{"image":"busybox","entrypoint":[],"command":[]}', /no command specified/],
      ['{"image":"busybox","labels":{"a":1}}', /labels/],
    ];
    for (const [body, message] of bodies) {
      const { status, text } = await post('/containers', body);
      assert.equal(status, 400, `${body}: ${status} ${text}`);
      assert.match((JSON.parse(text) as { error: { message: string } }).error.message, message, body);
    }
    assert.equal(await box.expect(['ps', '-aq']), '');
  });

  test('queries that are no good are refused by their name', async () => {
    const id = await box.expect(['run', '-d', 'busybox', 'sleep', '1000']);
    const calls: readonly (readonly [string, number, RegExp])[] = [
      [`/containers/${id}/stop?timeout=soon`, 400, /timeout must be a whole number/],
      [`/containers/${id}/stop?signal=NOPE`, 400, /invalid signal: NOPE/],
      [`/containers/${id}/wait?condition=tired`, 400, /unknown wait condition 'tired'/],
      [`/containers/${id}/resize?rows=0&columns=1`, 400, /1 to 65535/],
      [`/containers/${id}/rename`, 400, /name is missing/],
      [`/containers/${id}/attach`, 400, /Upgrade/],
      [`/containers/${id}/fly`, 404, /no such page/],
      ['/containers/%00/start', 404, /no such container/],
      ['/containers/..%2f..%2fetc/start', 404, /no such container/],
      ['/exec/absent/start', 404, /no such exec: absent/],
    ];
    for (const [path, status, message] of calls) {
      const answer = await post(path, '');
      assert.equal(answer.status, status, `${path}: ${answer.text}`);
      assert.match(answer.text, message, path);
    }
    assert.equal((await box.inspect(id)).status, 'running');
  });
});
