import { existsSync } from 'node:fs';
import path from 'node:path';
import { newestRunc } from '../harness/runc.ts';

const project = path.join(import.meta.dirname, '../..');

/** Programs with runc's command line, ours among them. Those that are not here are told so by their handler's check. */
export function peers(): readonly (readonly [string, string])[] {
  const newer = newestRunc();
  return [
    ['runc', inPath('runc')],
    ...(newer === undefined ? [] : [['runc-1.5', newer] as const]),
    ['crun', inPath('crun')],
    ['berth-oci', path.join(project, 'bin/berth-oci')],
  ];
}

function inPath(name: string): string {
  const folders = [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', '/sbin'];
  return folders.map((folder) => path.join(folder, name)).find((file) => existsSync(file)) ?? `/usr/bin/${name}`;
}
