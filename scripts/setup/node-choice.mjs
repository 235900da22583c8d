import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { SetupError } from './error.mjs';
import { installOlderNode } from './install.mjs';
import { modules, nodePackage } from './paths.mjs';

/** From this version on Node strips types without a flag or a warning, and has all that the sources use. */
const least = [24, 15];

/** The Node that runs this, when it is new enough. */
export function currentNode() {
  return isEnough(process.versions.node) ? process.execPath : undefined;
}

/** The system's Node, else the one among the packages, else one of an older line that needs less of the system. */
export function chooseNode() {
  const current = currentNode();
  if (current !== undefined) return current;
  if (nodePackage === undefined) throw noNode(`there is no package of Node for ${process.arch}`);
  const packaged = join(modules, nodePackage, 'bin/node');
  if (starts(packaged)) return packaged;
  const older = installOlderNode(nodePackage);
  if (starts(older)) return older;
  throw noNode('neither Node 26 nor Node 24 from npm starts on this system');
}

function isEnough(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > least[0] || (major === least[0] && minor >= least[1]);
}

function starts(node) {
  return spawnSync(node, ['--version'], { stdio: 'ignore' }).status === 0;
}

function noNode(reason) {
  return new SetupError(reason, `install Node ${least.join('.')} or newer and put it first in PATH`);
}
