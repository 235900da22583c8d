import { strict as assert } from 'node:assert';
import { closeSync, openSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { type Box, expectOk } from '../suite/box.ts';
import type { Case } from '../suite/case.ts';

/** Runs a command of the runtime below somebody who reaps. @returns the exit codes of the command and of the process */
async function reap(box: Box, args: (pidFile: string) => readonly string[]): Promise<string> {
  const pidFile = path.join(box.folder, 'pid');
  const told = path.join(box.folder, 'told');
  const file = openSync(told, 'w');
  try {
    const prefix = [box.programs.program('reaper'), pidFile];
    expectOk(await box.call(args(pidFile), { prefix, descriptors: [file] }));
    return readFileSync(told, 'utf8');
  } finally {
    closeSync(file);
  }
}

/** A process may end before the command that started it, at the same time, and behind it. */
const delays = [0, 20, 400];

export const cases: readonly Case[] = [
  ...delays.map((delay): Case => ({
    name: `the end of a detached exec after ${delay} ms reaches who started the command`,
    run: async (box) => {
      await box.start();
      const words = ['/probe', `sleep ${delay}`, 'exit 9'];
      const told = await reap(box, (file) => ['exec', '--detach', '--pid-file', file, box.id, ...words]);
      assert.equal(told, '0 9\n');
    },
  })),
  ...delays.map((delay): Case => ({
    name: `the end of a detached container after ${delay} ms reaches who started the command`,
    run: async (box) => {
      box.spec.process.args = ['/probe', `sleep ${delay}`, 'exit 8'];
      box.write();
      const told = await reap(box, (file) => ['run', '--detach', '--bundle', box.bundle, '--pid-file', file, box.id]);
      assert.equal(told, '0 8\n');
    },
  })),
  {
    name: 'the end of a created container reaches who created it',
    run: async (box) => {
      box.spec.process.args = ['/probe', 'exit 7'];
      box.write();
      const reaped = reap(box, (file) => ['create', '--bundle', box.bundle, '--pid-file', file, box.id]);
      while ((await box.call(['start', box.id])).code !== 0) await new Promise((resolve) => setTimeout(resolve, 20));
      assert.equal(await reaped, '0 7\n');
    },
  },
];
