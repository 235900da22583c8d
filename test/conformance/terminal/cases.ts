import { strict as assert } from 'node:assert';
import { readdirSync, readlinkSync } from 'node:fs';
import path from 'node:path';
import { expectOk } from '../suite/box.ts';
import type { Case } from '../suite/case.ts';
import { DescriptorReceiver } from '../suite/descriptor.ts';
import { refused } from '../suite/refusal.ts';
import { Seen } from '../suite/seen.ts';
import { userNamespace } from '../suite/spec.ts';

interface Terminal {
  readonly names: readonly string[];
  readonly rows: number;
  readonly columns: number;
  readonly session: number;
  readonly foreground: number;
}

const words = ['terminal', 'stat /dev/console', 'read /proc/self/mountinfo', 'stat /dev/pts/0', 'ids'];

/** Creates the container with a terminal, starts it, and gives what it saw. */
function withTerminal(judge: (seen: Seen) => void, then: readonly string[] = []): Case['run'] {
  return async (box) => {
    await using receiver = await DescriptorReceiver.open(box, 'terminal');
    box.spec.process.terminal = true;
    box.spec.process.args = ['/probe', ...words, ...then];
    expectOk(await box.create('--console-socket', receiver.socket));
    expectOk(await box.call(['start', box.id]));
    await receiver.until('}\r\n');
    judge(new Seen(receiver.text));
  };
}

export const cases: readonly Case[] = [
  {
    name: 'the three descriptors are one terminal, the controlling one',
    run: withTerminal((seen) => {
      const { names, session, foreground } = seen.of<Terminal>('terminal');
      assert.deepEqual(new Set(names).size, 1);
      assert.match(names[0]!, /^\/dev\/(pts\/0|console)$/);
      assert.deepEqual([session, foreground], [1, 1]);
    }),
  },
  {
    name: 'the size of the console is set',
    spec: (spec) => (spec.process.consoleSize = { height: 33, width: 111 }),
    run: withTerminal((seen) => {
      const { rows, columns } = seen.of<Terminal>('terminal');
      assert.deepEqual([rows, columns], [33, 111]);
    }),
  },
  {
    name: '/dev/console is the terminal',
    run: withTerminal((seen) => {
      const console = seen.of<{ type: string; major: number }>('stat /dev/console');
      assert.deepEqual([console.type, console.major], ['c', 136]);
      assert.equal(seen.mount('/dev/console').type, 'devpts');
    }),
  },
  {
    name: 'the terminal belongs to the user of the process',
    spec: (spec) => (spec.process.user = { uid: 1000, gid: 1000 }),
    run: withTerminal((seen) => assert.equal(seen.of<{ uid: number }>('stat /dev/pts/0').uid, 1000)),
  },
  {
    name: 'a terminal in a user namespace',
    spec: (spec) => userNamespace(spec),
    run: withTerminal((seen) => assert.match(seen.of<Terminal>('terminal').names[0]!, /^\/dev\/(pts\/0|console)$/)),
  },
  {
    name: 'what is typed arrives, and Ctrl-C interrupts',
    run: async (box) => {
      await using receiver = await DescriptorReceiver.open(box, 'terminal');
      box.spec.process.terminal = true;
      box.spec.process.args = [
        'sh',
        '-c',
        'trap "echo caught; exit" INT; read x; echo "got $x"; while true; do sleep 0.1; done',
      ];
      expectOk(await box.create('--console-socket', receiver.socket));
      expectOk(await box.call(['start', box.id]));
      receiver.type('words\r');
      await receiver.until('got words\r\n');
      receiver.type('\x03');
      await receiver.until('caught');
      await box.reach('stopped');
    },
  },
  {
    name: 'exec has a terminal of its own',
    run: async (box) => {
      await box.start();
      await using receiver = await DescriptorReceiver.open(box, 'terminal');
      const flags = ['--tty', '--detach', '--console-socket', receiver.socket];
      expectOk(await box.exec(['/probe', ...words], { flags }));
      await receiver.until('}\r\n');
      const seen = new Seen(receiver.text);
      assert.match(seen.of<Terminal>('terminal').names[0]!, /^\/dev\/pts\/0$/);
      assert.equal(seen.of<Terminal>('terminal').session, seen.of<{ pid: number }>('ids').pid);
    },
  },
  {
    name: 'a created container with a terminal does not hold what its create was given',
    run: async (box) => {
      await using receiver = await DescriptorReceiver.open(box, 'terminal');
      box.spec.process.terminal = true;
      box.spec.process.args = ['/probe', 'wait'];
      expectOk(await box.create('--console-socket', receiver.socket));
      // containerd reads the output of create until nobody has it open any more.
      const folder = `/proc/${(await box.state()).pid}/fd`;
      const links = readdirSync(folder).map((name) => readlinkSync(path.join(folder, name)));
      assert.deepEqual(
        links.filter((link) => /\.(in|out|err)$/.test(link)),
        [],
      );
    },
  },
  {
    name: 'a pidfd of the process is sent to --pidfd-socket',
    since: '1.2',
    run: async (box) => {
      await using receiver = await DescriptorReceiver.open(box, 'pidfd');
      await box.start(['wait'], '--pidfd-socket', receiver.socket);
      expectOk(await box.call(['kill', box.id, 'KILL']));
      await receiver.until('ended');
    },
  },
  {
    name: 'create with a terminal and without a socket is refused',
    spec: (spec) => (spec.process.terminal = true),
    run: async (box) => {
      const { code, stderr } = await box.create();
      assert.equal(code, 1);
      assert.match(stderr, /console-socket|terminal|tty/i);
    },
  },
  {
    name: 'create with a socket and without a terminal is refused',
    run: async (box) => {
      await using receiver = await DescriptorReceiver.open(box, 'terminal');
      const { code, stderr } = await box.create('--console-socket', receiver.socket);
      assert.equal(code, 1);
      assert.match(stderr, /console-socket|terminal|tty/i);
    },
  },
  {
    name: 'a socket that nobody listens at is refused',
    spec: (spec) => (spec.process.terminal = true),
    run: refused(/./, { flags: ['--detach', '--console-socket', '/run/no-such-socket'] }),
  },
];
