import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, globSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { arch } from 'node:os';
import path from 'node:path';

/** What a virtual machine boots. */
export interface Kernel {
  /** `6.12.117+deb12-amd64`. */
  readonly version: string;
  readonly image: string;
  /** Without /init. */
  readonly initrd: string;
}

const kept = path.join(import.meta.dirname, '../../build/test/vm');

/** With what they need: the disk that is the host's, the root, and what containers of the suite use. */
const modules = ['virtio_pci', '9pnet_virtio', '9p', 'overlay', 'fuse', 'loop', 'dummy', 'veth'];

/** Why no virtual machine can be had here; undefined when it can. */
export function whyNoMachine(): string | undefined {
  if (arch() !== 'x64') return 'the virtual machine is for x86-64 only';
  const missing = ['qemu-system-x86_64', 'modprobe', 'cpio', 'apt-get', 'dpkg', 'xz'].filter((name) => !has(name));
  if (missing.length > 0) return `no ${missing.join(', ')}: apt-get install qemu-system-x86 kmod cpio xz-utils`;
  return existsSync('/bin/busybox') ? undefined : 'no busybox-static';
}

function has(program: string): boolean {
  return ['/usr/bin', '/usr/sbin', '/bin', '/sbin'].some((folder) => existsSync(path.join(folder, program)));
}

/**
 * Debian's newest kernel with 9p (the cloud ones have none), from apt; made once, then kept in build/test/vm. Throws
 * when apt has none.
 */
export function findKernel(): Kernel {
  const [there] = globSync('*/initrd', { cwd: kept });
  const version = there === undefined ? unpack(newestPackage()) : path.dirname(there);
  const folder = path.join(kept, version);
  return { version, image: path.join(folder, 'vmlinuz'), initrd: path.join(folder, 'initrd') };
}

function newestPackage(): string {
  const listed = execFileSync('apt-cache', ['search', '--names-only', '^linux-image-[0-9][^ ]*-amd64$'], {
    encoding: 'utf8',
  });
  const names = listed.split('\n').map((line) => line.split(' ')[0]!);
  const whole = names.filter((name) => name !== '' && !/cloud|-rt-/.test(name));
  const newest = whole.toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true })).at(-1);
  if (newest === undefined) throw new Error('apt knows no linux-image-*-amd64');
  return newest;
}

function unpack(name: string): string {
  const version = name.slice('linux-image-'.length);
  const work = mkdtempSync('/tmp/berth-vm-');
  try {
    execFileSync('apt-get', ['-q', '-o', 'APT::Sandbox::User=root', 'download', name], { cwd: work, stdio: 'ignore' });
    const [archive] = globSync('*.deb', { cwd: work });
    execFileSync('dpkg', ['-x', archive!, 'root'], { cwd: work });
    execFileSync('depmod', ['-b', 'root', version], { cwd: work, stdio: 'ignore' });
    makeInitrd(work, version);
    const fresh = path.join(work, 'fresh');
    mkdirSync(fresh);
    copyFileSync(path.join(work, `root/boot/vmlinuz-${version}`), path.join(fresh, 'vmlinuz'));
    copyFileSync(path.join(work, 'initrd.gz'), path.join(fresh, 'initrd'));
    mkdirSync(kept, { recursive: true });
    execFileSync('cp', ['-r', fresh, path.join(kept, `.${version}`)]);
    renameSync(path.join(kept, `.${version}`), path.join(kept, version));
    return version;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Busybox and the modules; the program that uses them comes with each start. */
function makeInitrd(work: string, version: string): void {
  const root = path.join(work, 'initrd');
  for (const folder of ['bin', 'modules', 'proc', 'sys', 'dev', 'root', 'low', 'up'])
    mkdirSync(path.join(root, folder), { recursive: true });
  copyFileSync('/bin/busybox', path.join(root, 'bin/busybox'));
  const order = moduleFiles(path.join(work, 'root'), version).map((file) => {
    const name = path.basename(file).replace('.xz', '');
    const plain = path.join(root, 'modules', name);
    if (file.endsWith('.xz')) writeFileSync(plain, execFileSync('xz', ['-dc', file], { maxBuffer: 1 << 26 }));
    else copyFileSync(file, plain);
    return name;
  });
  writeFileSync(path.join(root, 'modules/order'), order.join('\n'));
  pack(root, path.join(work, 'initrd.gz'));
}

/** An archive as the kernel takes it; several, one behind the other, are one. */
export function pack(folder: string, file: string): void {
  execFileSync('sh', ['-c', 'find . | cpio --quiet -o -H newc | gzip -1 > "$0"', file], { cwd: folder });
}

/** Their files, each after those that it needs. */
function moduleFiles(root: string, version: string): string[] {
  const lines = modules.flatMap((name) =>
    execFileSync('modprobe', ['-d', root, '-S', version, '--ignore-install', '--show-depends', name], {
      encoding: 'utf8',
    }).split('\n'),
  );
  const files = lines.filter((line) => line.startsWith('insmod ')).map((line) => line.split(' ')[1]!);
  return [...new Set(files)];
}
