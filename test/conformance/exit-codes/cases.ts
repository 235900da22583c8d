import { strict as assert } from 'node:assert';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expectOk, until } from '../suite/box.ts';
import type { Case } from '../suite/case.ts';

export const cases: readonly Case[] = [
  ...[0, 1, 2, 42, 125, 126, 127, 128, 255].map((code): Case => ({
    name: `run ends with the program's own ${code}`,
    run: async (box) => {
      box.spec.process.args = ['/probe', `exit ${code}`];
      assert.equal((await box.run()).code, code);
    },
  })),
  ...[9, 11, 15].map((signal): Case => ({
    name: `run ends with ${128 + signal} for signal ${signal}`,
    run: async (box) => {
      // The first process of a pid namespace takes no signal that it sends itself.
      box.spec.process.args = ['sh', '-c', `/probe "die ${signal}"; exit $?`];
      assert.equal((await box.run()).code, 128 + signal);
    },
  })),
  {
    name: 'run ends with 137 for a container that was killed',
    run: async (box) => {
      box.spec.process.args = ['/probe', 'wait'];
      const running = box.run();
      // Before the program runs there is something to kill already, but `run` has another end then.
      await until(() => box.output().includes('\n'), 'the probe says something');
      expectOk(await box.call(['kill', box.id, 'KILL']));
      assert.equal((await running).code, 137);
    },
  },
  {
    name: 'a program that does not exist is 1, with its name',
    run: async (box) => {
      box.spec.process.args = ['/no/such/program'];
      const { code, stderr } = await box.run();
      assert.equal(code, 1);
      assert.match(stderr, /\/no\/such\/program/);
    },
  },
  {
    name: 'create fails for a program that does not exist',
    run: async (box) => {
      box.spec.process.args = ['no-such-program'];
      const { code, stderr } = await box.create();
      assert.equal(code, 1);
      assert.match(stderr, /no-such-program/);
      assert.notEqual((await box.call(['state', box.id])).code, 0);
    },
  },
  {
    name: 'a program that may not be executed is 1',
    run: async (box) => {
      box.spec.process.args = ['/work/file'];
      const { code, stderr } = await box.run();
      assert.equal(code, 1);
      assert.match(stderr, /permission|EACCES/i);
    },
  },
  {
    name: 'a folder as program is 1',
    run: async (box) => {
      box.spec.process.args = ['/work'];
      assert.equal((await box.run()).code, 1);
    },
  },
  {
    name: 'a command that nobody knows is not 0',
    run: async (box) => assert.notEqual((await box.call(['no-such-command'])).code, 0),
  },
  {
    name: 'a flag that nobody knows is not 0',
    run: async (box) => assert.notEqual((await box.call(['state', '--no-such-flag', 'x'])).code, 0),
  },
  {
    name: 'a missing id is not 0',
    run: async (box) => {
      for (const command of ['create', 'start', 'state', 'kill', 'delete', 'exec', 'ps', 'pause'])
        assert.notEqual((await box.call([command])).code, 0, command);
    },
  },
  {
    name: 'errors go to --log as lines of JSON',
    run: async (box) => {
      const log = path.join(box.folder, 'log');
      const { code } = await box.call(['--log', log, '--log-format', 'json', 'state', 'absent']);
      assert.equal(code, 1);
      const lines = readFileSync(log, 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, string>);
      const last = lines.at(-1)!;
      assert.equal(last['level'], 'error');
      assert.match(last['msg']!, /does not exist/);
      assert.ok(!Number.isNaN(Date.parse(last['time']!)));
    },
  },
  {
    name: 'errors go to standard error as well as to --log',
    run: async (box) => {
      const { stderr } = await box.call(['--log', path.join(box.folder, 'log'), 'state', 'absent']);
      assert.match(stderr, /does not exist/);
    },
  },
  {
    name: 'without an error the log has no line of level error',
    run: async (box) => {
      const log = path.join(box.folder, 'log');
      await box.probe(['ids']);
      const { code } = await box.call(['--log', log, '--log-format', 'json', 'list']);
      assert.equal(code, 0);
      assert.ok(!existsSync(log) || !readFileSync(log, 'utf8').includes('"error"'));
    },
  },
];
