import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  globSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';

const applets = 'sh cat echo true false sleep ls id kill mount umount mkdir rm ln touch grep ps tty stat readlink';
const folders = ['bin', 'dev', 'etc', 'proc', 'sys', 'tmp', 'mnt', 'work'];

/** The programs of all root file systems: busybox and the probe, made once for a suite. */
export class Programs implements Disposable {
  readonly folder: string;

  /** A program of the host: `descriptor` takes one from a socket, `reaper` is who runtimes leave their processes to. */
  program(name: 'descriptor' | 'reaper'): string {
    return path.join(this.folder, name);
  }

  constructor() {
    this.folder = mkdtempSync('/tmp/bc-programs-');
    const made = process.env['BERTH_TEST_PROGRAMS'];
    if (made === undefined) makePrograms(this.folder);
    else cpSync(made, this.folder, { recursive: true });
  }

  /** A root file system of a case's own: hard links, so that it costs nothing. */
  makeRoot(root: string): void {
    for (const folder of folders) mkdirSync(path.join(root, folder), { recursive: true });
    // The umask of whoever runs the tests is no part of them.
    for (const folder of ['', ...folders]) chmodSync(path.join(root, folder), folder === 'tmp' ? 0o1777 : 0o755);
    linkSync(path.join(this.folder, 'busybox'), path.join(root, 'bin/busybox'));
    linkSync(path.join(this.folder, 'probe'), path.join(root, 'probe'));
    for (const name of applets.split(' ')) symlinkSync('busybox', path.join(root, 'bin', name));
    writeFileSync(path.join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n');
    writeFileSync(path.join(root, 'work/file'), 'of the image\n');
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Fills a folder with them. An emulated machine finds them made, by BERTH_TEST_PROGRAMS: it compiles for a minute. */
export function makePrograms(folder: string): void {
  mkdirSync(folder, { recursive: true });
  copyFileSync('/bin/busybox', path.join(folder, 'busybox'));
  const sources = globSync(path.join(import.meta.dirname, '../probe/*.c'));
  compile(path.join(folder, 'probe'), ['-static', ...sources]);
  for (const name of ['descriptor', 'reaper'])
    compile(path.join(folder, name), [path.join(import.meta.dirname, `../programs/${name}.c`)]);
}

function compile(output: string, args: readonly string[]): void {
  execFileSync('cc', ['-O1', '-Wall', '-Wextra', '-Werror', '-o', output, ...args]);
}
