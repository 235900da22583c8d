import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import type { Places } from './engine.ts';

/** The mounted hierarchies of both versions; links such as `cpu` to `cpu,cpuacct` lead to the same ones. */
function hierarchies(): string[] {
  const lines = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  return lines.filter((line) => / - cgroup2? /.test(line)).map((line) => line.split(' ')[4]!);
}

/** Every cgroup folder of the engine, parents first. */
export function cgroupFoldersOf({ cgroupParent }: Pick<Places, 'cgroupParent'>): string[] {
  return hierarchies()
    .map((mount) => path.join(mount, cgroupParent))
    .filter((folder) => existsSync(folder))
    .flatMap(withChildren);
}

function withChildren(folder: string): string[] {
  const names = readdirSync(folder).map((name) => path.join(folder, name));
  const folders = names.filter((name) => statSync(name, { throwIfNoEntry: false })?.isDirectory());
  return [folder, ...folders.flatMap(withChildren)];
}
