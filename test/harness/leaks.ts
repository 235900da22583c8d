import assert from 'node:assert/strict';
import { type Dirent, existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { cgroupFoldersOf } from './cgroup-folders.ts';
import type { Engine } from './engine.ts';
import { eventPatience } from './patience.ts';
import { processesOf } from './process-table.ts';

/** What an engine has on this machine, by sort: processes, mounts, and so on. */
export type Belongings = Readonly<Record<string, readonly string[]>>;

/** Takes stock. Take the first one after the engine has started and has the images of the test. */
export function belongings(engine: Engine): Belongings {
  return {
    process: processesOf(engine)
      .filter(({ pid }) => pid !== engine.pid)
      .map(({ pid, command }) => `${pid} ${command}`),
    mount: mounts(engine),
    cgroup: cgroupFoldersOf(engine).filter((folder) => !folder.endsWith(engine.cgroupParent)),
    // Others are held by a process, a mount or a descriptor, and show as that.
    'named network namespace': ['/run/netns', '/run/docker/netns'].flatMap(files),
    descriptor: descriptors(engine.pid),
    // The folder of all containers is made for the first one and stays.
    file: [...files(engine.root), ...files(engine.run)].filter((file) => file !== path.join(engine.root, 'containers')),
  };
}

/** @throws AssertionError that names each thing that was not there before, once it had time to go */
export async function assertNothingLeft(engine: Engine, before: Belongings): Promise<void> {
  let left: string[] = [];
  // What goes by itself takes a moment: a shim ends after its container was removed.
  for (const deadline = Date.now() + eventPatience; Date.now() < deadline; await sleep(20)) {
    left = difference(before, belongings(engine));
    if (left.length === 0) return;
  }
  assert.fail(`left behind:\n  ${left.join('\n  ')}`);
}

/** One line for each thing that is in `after` more often than in `before`. */
export function difference(before: Belongings, after: Belongings): string[] {
  return Object.entries(after).flatMap(([sort, things]) => {
    const known = [...(before[sort] ?? [])];
    return things.flatMap((thing) => {
      const at = known.indexOf(thing);
      if (at < 0) return [`${sort}: ${thing}`];
      known.splice(at, 1);
      return [];
    });
  });
}

function mounts({ root, run }: Engine): string[] {
  const lines = readFileSync('/proc/self/mountinfo', 'utf8').trimEnd().split('\n');
  const ours = lines.filter((line) => line.includes(root) || line.includes(run));
  // Without the ids: a mount that was taken away and made again is the same for us.
  return ours.map((line) => line.split(' ').slice(3).join(' '));
}

/** What the daemon holds open: of files their path, of the rest their sort. */
function descriptors(pid: number): string[] {
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder).flatMap((name) => {
    try {
      return [readlinkSync(path.join(folder, name)).replace(/:\[\d+\]$/, '')];
    } catch {
      // Closed while we looked.
      return [];
    }
  });
}

/** Every path below a folder but the database's own: it grows and shrinks by itself. */
function files(folder: string): string[] {
  return existsSync(folder) ? walk(folder).filter((file) => !/\.(?:db|sqlite)(?:-wal|-shm)?$/.test(file)) : [];
}

/** Node's own `recursive` goes through links, of which a layer may have some that lead to /proc. */
function walk(folder: string): string[] {
  return entriesOf(folder).flatMap((entry) => {
    const file = path.join(folder, entry.name);
    return entry.isDirectory() ? [file, ...walk(file)] : [file];
  });
}

/** Empty for a folder that goes while we look: layers are deleted behind the answer. */
function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
