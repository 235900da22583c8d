import assert from 'node:assert/strict';
import { existsSync, mkdirSync, renameSync, statSync } from 'node:fs';
import type { Case } from '../suite/case.ts';
import { logFile } from '../suite/log-file.ts';
import { anyRefusal, refused } from '../suite/refused.ts';

export const cases: readonly Case[] = [
  {
    name: 'each line has time, stream and tag',
    run: async (kubelet) => {
      const container = await (await kubelet.pod()).script('echo out; sleep 0.1; echo err >&2; echo');
      const lines = container.log();
      assert.deepEqual(
        lines.filter(({ stream }) => stream === 'stdout').map(({ text }) => text),
        ['out', ''],
      );
      assert.deepEqual(
        lines.filter(({ stream }) => stream === 'stderr').map(({ text }) => text),
        ['err'],
      );
      assert.ok(lines.every(({ isWhole }) => isWhole));
      for (const { time } of lines) assert.ok(Math.abs(Date.now() - Date.parse(time)) < 600_000, time);
    },
  },
  {
    name: 'the log is there when the start is answered, for its owner and group only',
    run: async (kubelet) => {
      const container = await (await kubelet.pod()).start();
      assert.equal(statSync(container.logPath).mode & 0o777, 0o640);
    },
  },
  {
    name: 'the log of a container that ended is whole when its end is told',
    containerdUnsteady: 'it tells of the end while it still copies',
    run: async (kubelet) => {
      const container = await (await kubelet.pod()).script('seq 20000');
      assert.equal(container.log().length, 20_000);
      assert.equal(container.log().at(-1)?.text, '20000');
    },
  },
  {
    name: 'a long line is cut at 16 KiB, and marked',
    run: async (kubelet) => {
      const container = await (await kubelet.pod()).script('head -c 40000 /dev/zero | tr "\\0" x; echo');
      const lines = container.log();
      assert.deepEqual(
        lines.map(({ text, isWhole }) => [text.length, isWhole]),
        [
          [16384, false],
          [16384, false],
          [7232, true],
        ],
      );
    },
  },
  {
    name: 'output without a newline at its end is a part',
    run: async (kubelet) => {
      const [line, ...rest] = (await (await kubelet.pod()).script('echo -n word')).log();
      assert.deepEqual([line?.text, line?.isWhole, rest.length], ['word', false, 0]);
    },
  },
  {
    name: 'a carriage return before a newline is no part of the line',
    run: async (kubelet) => {
      const container = await (await kubelet.pod()).script(String.raw`printf 'a\r\nb\rc\n'`);
      assert.deepEqual(
        container.log().map(({ text }) => text),
        ['a', 'b\rc'],
      );
    },
  },
  {
    name: 'what is written to a terminal is stdout',
    run: async (kubelet) => {
      const container = await (await kubelet.pod()).script('echo out; echo err >&2', { tty: true });
      assert.deepEqual(
        container.log().map(({ stream, text }) => `${stream} ${text}`),
        ['stdout out', 'stdout err'],
      );
    },
  },
  {
    name: 'what a command of ExecSync writes is not in the log',
    run: async (kubelet) => {
      const container = await (await kubelet.pod()).start();
      await container.shell('echo elsewhere');
      assert.deepEqual(container.log(), []);
    },
  },
  {
    name: 'without a log path there is no log, and the output is not waited for',
    run: async (kubelet) => {
      const pod = await kubelet.pod();
      const container = await pod.start({ command: ['sh', '-c', 'seq 100000'], logPath: '' });
      assert.equal((await container.ended()).exitCode, 0);
    },
  },
  {
    name: 'without a log folder there is no log',
    run: async (kubelet) => {
      const pod = await kubelet.pod({ logDirectory: '' });
      const container = await pod.start({ command: ['echo', 'words'] });
      assert.equal((await container.ended()).exitCode, 0);
      assert.ok(!existsSync(`/${container.config.logPath}`));
    },
  },
  {
    name: 'a log that was moved away is made anew, and no line is lost',
    run: async (kubelet) => {
      const command = ['sh', '-c', 'i=0; while [ $i -lt 3000 ]; do echo $i; i=$((i+1)); done; echo end; sleep 1000'];
      const container = await (await kubelet.pod()).start({ command });
      const moved = [];
      for (let turn = 0; turn < 3; turn++) {
        const name = `${container.logPath}.${turn}`;
        renameSync(container.logPath, name);
        await kubelet.runtime.reopenContainerLog({ containerId: container.id });
        assert.ok(existsSync(container.logPath), 'the new one is there when the call is answered');
        moved.push(name);
      }
      await container.stop();
      const all = [...moved, container.logPath].flatMap(logFile).map(({ text }) => text);
      const numbers = all.filter((text) => text !== 'end').map(Number);
      assert.deepEqual(
        numbers,
        numbers.map((_, at) => at),
      );
    },
  },
  {
    name: 'new lines are in the new log',
    run: async (kubelet) => {
      const command = ['sh', '-c', 'echo before; while [ ! -e /tmp/go ]; do sleep 0.02; done; echo after; sleep 1000'];
      const container = await (await kubelet.pod()).start({ command });
      await container.says('before');
      renameSync(container.logPath, `${container.logPath}.1`);
      await kubelet.runtime.reopenContainerLog({ containerId: container.id });
      await container.shell('touch /tmp/go');
      await container.says('after');
      assert.doesNotMatch(container.text(), /before/);
    },
  },
  {
    name: 'the log of a container that does not run is not made anew',
    run: async (kubelet) => {
      const container = await (await kubelet.pod()).script('echo words');
      renameSync(container.logPath, `${container.logPath}.1`);
      await refused(kubelet.runtime.reopenContainerLog({ containerId: container.id }), ...anyRefusal);
      assert.ok(!existsSync(container.logPath));
    },
  },
  {
    name: 'a log path may have folders in it',
    run: async (kubelet) => {
      const pod = await kubelet.pod();
      const config = await pod.containerConfig({ logPath: 'name/0.log', command: ['echo', 'deep'] });
      mkdirSync(`${pod.config.logDirectory}/name`, { recursive: true });
      const container = await pod.createExactly(config);
      await container.start();
      await container.ended();
      assert.equal(container.text(), 'deep\n');
    },
  },
];
