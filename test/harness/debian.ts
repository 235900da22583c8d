import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';

const release = 'bookworm';
const tarFile = path.join(import.meta.dirname, `../../build/test/debian-${release}.tar`);

/**
 * The tar of a small Debian, as debootstrap makes it: real owners, modes, hard links, set-user-id files, thousands of
 * files. Made once, in about a minute, from where this machine's apt gets its packages; else why not.
 */
export function debianTar(): { readonly tar: string } | { readonly obstacle: string } {
  if (existsSync(tarFile)) return { tar: tarFile };
  const mirror = aptMirror();
  if (process.getuid?.() !== 0) return { obstacle: 'debootstrap needs root' };
  if (!existsSync('/usr/sbin/debootstrap')) return { obstacle: 'debootstrap is not installed' };
  if (mirror === undefined) return { obstacle: 'the sources of apt name no Debian mirror' };
  mkdirSync(path.dirname(tarFile), { recursive: true });
  // Not below build/: debootstrap refuses file systems without devices.
  const folder = mkdtempSync('/var/tmp/berth-debian-');
  // The tar has the root folder too, and others than root walk through it.
  chmodSync(folder, 0o755);
  try {
    const made = spawnSync('debootstrap', ['--variant=minbase', release, folder, mirror], {
      stdio: 'ignore',
      timeout: 300_000,
    });
    if (made.status !== 0) return { obstacle: `debootstrap ended with ${made.status ?? made.signal}` };
    const flags = ['--xattrs', '--xattrs-include=*', '--numeric-owner', '--one-file-system', '--sort=name'];
    const packed = spawnSync('tar', [...flags, '-C', folder, '-cf', `${tarFile}.new`, '.'], { stdio: 'ignore' });
    if (packed.status !== 0) return { obstacle: `tar ended with ${packed.status ?? packed.signal}` };
    renameSync(`${tarFile}.new`, tarFile);
    return { tar: tarFile };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Where apt gets its packages: both forms of its lists. */
function aptMirror(): string | undefined {
  for (const file of ['/etc/apt/sources.list', ...globSync('/etc/apt/sources.list.d/*')]) {
    if (!existsSync(file)) continue;
    const text = readFileSync(file, 'utf8');
    const uri = /^URIs:\s*(\S+)/m.exec(text)?.[1] ?? /^deb\s+(?:\[[^\]]*\]\s+)?(\S+)/m.exec(text)?.[1];
    if (uri !== undefined) return uri;
  }
  return undefined;
}
