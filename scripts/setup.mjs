/**
 * Makes a fresh clone ready, and runs the project's scripts with a Node that can read them.
 *
 *   node scripts/setup.mjs                  sets up: npm packages, a new enough Node, a working C compiler
 *   node scripts/setup.mjs run FILE [ARG…]  the same, silent when all is done, then FILE with the chosen Node
 *
 * Plain JavaScript without dependencies: this must run on Node 18, before anything is installed.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkCompiler } from './setup/compiler.mjs';
import { SetupError } from './setup/error.mjs';
import { execute } from './setup/execute.mjs';
import { addMissingOptional, installPackages } from './setup/install.mjs';
import { chooseNode, currentNode } from './setup/node-choice.mjs';
import { nodePathFile, root, stampFile } from './setup/paths.mjs';

/** What the installed packages depend on. */
function fingerprint() {
  const hash = createHash('sha256');
  for (const file of ['package-lock.json', '.npmrc']) hash.update(readFileSync(join(root, file)));
  return hash.digest('hex');
}

/** The Node that an earlier set-up chose, when nothing has changed since. */
function finishedSetup() {
  try {
    const stamp = JSON.parse(readFileSync(stampFile, 'utf8'));
    const node = currentNode() ?? stamp.node;
    return stamp.fingerprint === fingerprint() && existsSync(node) ? node : undefined;
  } catch {
    // No stamp, or half a stamp: set up again, which is always right.
    return undefined;
  }
}

function setUp() {
  const finished = finishedSetup();
  if (finished !== undefined) return finished;
  checkCompiler();
  installPackages();
  const node = chooseNode();
  addMissingOptional(node);
  writeFileSync(stampFile, JSON.stringify({ fingerprint: fingerprint(), node }));
  return node;
}

/** The shell launchers in bin/ read this file: they cannot afford to ask each Node for its version. */
function publish(node) {
  if (existsSync(nodePathFile) && readFileSync(nodePathFile, 'utf8') === `${node}\n`) return;
  writeFileSync(nodePathFile, `${node}\n`);
}

function main([command, file, ...args]) {
  if (command !== undefined && (command !== 'run' || file === undefined)) {
    throw new SetupError(`unknown arguments: ${process.argv.slice(2).join(' ')}`, 'usage: setup.mjs [run FILE [ARG…]]');
  }
  const node = setUp();
  publish(node);
  if (command === 'run') execute(node, [join(root, file), ...args]);
  else console.log(`ready; Node is ${node}`);
}

try {
  main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  console.error(`setup: ${error.message}\n  ${error.remedy}`);
  process.exitCode = 1;
}
