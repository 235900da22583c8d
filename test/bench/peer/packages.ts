import { spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';

const project = path.join(import.meta.dirname, '../../..');
const folder = path.join(project, 'build/bench/peers');

/** Debian's packages of the peers and the libraries that they need. */
const packages = ['runc', 'crun', 'containerd', 'libseccomp2', 'libyajl2'];

/**
 * Finds a peer's program in PATH, else unpacks Debian's packages into the build folder: installing them would start
 * services. Undefined when neither works.
 */
export function findPeer(program: string): string | undefined {
  const inPath = (process.env['PATH'] ?? '').split(':').map((part) => path.join(part, program));
  const unpacked = ['usr/sbin', 'usr/bin'].map((part) => path.join(folder, part, program));
  const find = () => [...inPath, ...unpacked].find((file) => existsSync(file));
  return find() ?? (unpackPackages() ? find() : undefined);
}

/** For programs that may have been unpacked: their libraries are beside them. */
export function peerEnv(): NodeJS.ProcessEnv {
  const libraries = globSync(path.join(folder, 'usr/lib/*-linux-gnu')).join(':');
  const programs = ['usr/sbin', 'usr/bin'].map((part) => path.join(folder, part)).join(':');
  return { ...process.env, LD_LIBRARY_PATH: libraries, PATH: `${process.env['PATH']}:/usr/sbin:/sbin:${programs}` };
}

let tried = false;

function unpackPackages(): boolean {
  if (tried || !existsSync('/usr/bin/apt-get')) return false;
  tried = true;
  mkdirSync(folder, { recursive: true });
  const archives = mkdtempSync(path.join(folder, 'archives-'));
  try {
    console.log(`fetching Debian's ${packages.join(', ')} into build/bench`);
    const fetch = () => packages.every((name) => run('apt-get', ['-q', 'download', name], archives));
    if (!fetch() && !(run('apt-get', ['-q', 'update'], archives) && fetch())) return false;
    return globSync(path.join(archives, '*.deb')).every((file) => run('dpkg-deb', ['-x', file, folder], archives));
  } finally {
    rmSync(archives, { recursive: true });
  }
}

function run(program: string, args: readonly string[], cwd: string): boolean {
  return spawnSync(program, args, { cwd, stdio: 'ignore' }).status === 0;
}
