import { strict as assert } from 'node:assert';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expectOk } from '../suite/box.ts';
import type { Case } from '../suite/case.ts';

const fds = 'links /proc/self/fd';
type Links = Readonly<Record<string, string>>;

export const cases: readonly Case[] = [
  {
    name: 'standard input, output and error are those of the command',
    run: async (box) => {
      box.spec.process.args = ['sh', '-c', 'cat; echo to stderr >&2; echo to stdout'];
      const { stdout, stderr } = await box.run({ input: 'typed' });
      assert.equal(stdout, 'typedto stdout\n');
      assert.match(stderr, /to stderr/);
    },
  },
  {
    name: 'only three descriptors are open',
    probe: [fds],
    expect: (seen) => assert.deepEqual(Object.keys(seen.of<Links>(fds)), ['0', '1', '2']),
  },
  {
    name: 'descriptors that the caller left open do not get in',
    run: async (box) => {
      const file = openSync(path.join(box.bundle, 'config.json'), 'w');
      try {
        const seen = await box.probe([fds], { descriptors: [file, file] });
        assert.deepEqual(Object.keys(seen.of<Links>(fds)), ['0', '1', '2']);
      } finally {
        closeSync(file);
      }
    },
  },
  {
    name: '--preserve-fds passes as many as it says, by their numbers',
    run: async (box) => {
      const file = path.join(box.folder, 'passed');
      writeFileSync(file, 'through a descriptor');
      const open = openSync(file, 'r');
      try {
        const options = { descriptors: [open, open, open], flags: ['--preserve-fds', '2'] };
        const seen = await box.probe([fds, 'hear 4'], options);
        assert.deepEqual(Object.keys(seen.of<Links>(fds)), ['0', '1', '2', '3', '4']);
        assert.equal(seen.of('hear 4'), 'through a descriptor');
      } finally {
        closeSync(open);
      }
    },
  },
  {
    name: 'LISTEN_FDS passes sockets as systemd does',
    run: async (box) => {
      const file = openSync('/bin/busybox', 'r');
      try {
        const seen = await box.probe([fds, 'env'], {
          descriptors: [file, file],
          // Whoever the sockets are for has to have the pid that is told.
          prefix: ['sh', '-c', 'export LISTEN_PID=$$ LISTEN_FDS=1; exec "$@"', 'sh'],
        });
        assert.deepEqual(Object.keys(seen.of<Links>(fds)), ['0', '1', '2', '3']);
        assert.ok(seen.of<string[]>('env').includes('LISTEN_FDS=1'));
        assert.ok(seen.of<string[]>('env').includes('LISTEN_PID=1'));
      } finally {
        closeSync(file);
      }
    },
  },
  {
    name: 'exec has only three descriptors',
    run: async (box) => {
      await box.start();
      assert.deepEqual(Object.keys((await box.execProbe([fds])).of<Links>(fds)), ['0', '1', '2']);
    },
  },
  {
    name: 'exec --preserve-fds passes descriptors',
    run: async (box) => {
      await box.start();
      const file = path.join(box.folder, 'passed');
      writeFileSync(file, 'to exec');
      const open = openSync(file, 'r');
      try {
        const out = await box.exec(['/probe', 'hear 3'], { descriptors: [open], flags: ['--preserve-fds', '1'] });
        assert.match(expectOk(out), /to exec/);
      } finally {
        closeSync(open);
      }
    },
  },
  {
    name: 'a created container writes to what its create was given',
    run: async (box) => {
      await box.start(['say 2 to-stderr', 'wait']);
      assert.equal(readFileSync(path.join(box.folder, '0.err'), 'utf8'), 'to-stderr');
    },
  },
  {
    name: 'a folder of the host is not the working folder of anything inside',
    probe: ['links /proc/1'],
    expect: (seen) => assert.equal(seen.of<Links>('links /proc/1')['cwd'], '/'),
  },
];
