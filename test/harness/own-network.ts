import { spawnSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { CLONE_NEWNET, setns } from '@berth/addon/namespace';

/**
 * Moves this process, and all that it will start, into a network of its own: bridges, addresses and rules that plugins
 * make are no part of the machine, and go with the last process in it. The test's process does not come back.
 */
export function enterOwnNetwork(): void {
  const name = `berth-test-${process.pid}`;
  ip('netns', 'add', name);
  const namespace = openSync(`/run/netns/${name}`, 'r');
  try {
    setns(namespace, CLONE_NEWNET);
  } finally {
    closeSync(namespace);
    // The name only: the namespace is held by those who are in it.
    ip('netns', 'delete', name);
  }
  ip('link', 'set', 'lo', 'up');
}

/** @throws Error with what ip said */
export function ip(...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync('ip', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`ip ${args.join(' ')}: ${stderr}`);
  return stdout;
}
