import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { SetupError } from './error.mjs';
import { modules, olderNodeFolder, root } from './paths.mjs';

/** The newest of the line that needs no libatomic, and that both architectures have. */
const olderNodeVersion = '24.21.0';

/**
 * Brings node_modules to what the lock file says. No package's install script is run, and none is needed. What is
 * there already is completed, not deleted: something may be running from it.
 */
export function installPackages() {
  console.error('setup: installing npm packages');
  npm(existsSync(join(modules, '.package-lock.json')) ? ['install', '--no-save'] : ['ci']);
}

/**
 * npm leaves out optional packages whose `engines` do not name the Node that npm itself runs on, which an old
 * system Node causes. Then npm runs once more, on the chosen one.
 */
export function addMissingOptional(node) {
  if (missingOptional().length === 0) return;
  console.error('setup: adding packages that the Node of this system could not choose');
  npm(['install', '--no-save'], node);
  const missing = missingOptional();
  if (missing.length === 0) return;
  throw new SetupError(
    `npm did not install ${missing.join(', ')}`,
    'is the network there? Then: rm -r node_modules, and again',
  );
}

export function installOlderNode(name) {
  console.error(`setup: Node 26 cannot start here (does libatomic.so.1 miss?), so Node ${olderNodeVersion} is used`);
  npm(['install', '--no-save', '--prefix', olderNodeFolder, `${name}@${olderNodeVersion}`]);
  return join(olderNodeFolder, 'node_modules', name, 'bin/node');
}

/** Packages of the lock file that this machine should have and has not. */
function missingOptional() {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  return Object.entries(packages)
    .filter(([path, entry]) => path.startsWith('node_modules/') && entry.optional && fitsMachine(entry))
    .map(([path]) => path.slice('node_modules/'.length))
    .filter((name) => !existsSync(join(modules, name)));
}

function fitsMachine({ os, cpu, libc }) {
  const has = (list, value) => list === undefined || [list].flat().includes(value);
  // Only packages made for a machine: other optional ones may be left out for reasons of their own.
  return os !== undefined && has(os, process.platform) && has(cpu, process.arch) && has(libc, ownLibc());
}

function ownLibc() {
  return process.report.getReport().header.glibcVersionRuntime === undefined ? 'musl' : 'glibc';
}

function npm(args, node) {
  const env = { ...process.env };
  // npm finds its own Node in PATH.
  if (node !== undefined) env.PATH = `${dirname(node)}${delimiter}${env.PATH ?? ''}`;
  const all = [...args, '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const done = spawnSync('npm', all, { cwd: root, env, stdio: ['ignore', 'ignore', 'inherit'] });
  if (done.error !== undefined)
    throw new SetupError('npm is not there', 'install npm (apt-get install npm), or put it in PATH');
  if (done.status !== 0)
    throw new SetupError(`npm ${args[0]} failed`, 'its own words are above; is a registry reachable?');
}
