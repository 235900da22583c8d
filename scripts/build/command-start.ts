import { verbFlags } from '../../packages/runtime/src/command/verb-flags.ts';

/**
 * Node caches compiled code of what is loaded after the call, never of the first file: the cache saves 5 of some 45 ms.
 */
const berth = `'use strict';
require('node:module').enableCompileCache(__dirname + '/compile-cache');
require('./berth-command.cjs');
`;

/**
 * A cache of our own for each verb, taken at the end of its first good run: it has the functions that the verb calls.
 * Node's has only what is compiled on loading, and each function of the first millisecond is compiled again. V8 itself
 * refuses a cache of another version or with other flags; the file's name tells of which bundle it is.
 */
const berthOci = `'use strict';
const fs = require('node:fs');
const { Script } = require('node:vm');
const verbs = ${JSON.stringify(Object.keys(verbFlags))};
const verb = process.argv.slice(2).find((word) => verbs.includes(word)) ?? 'none';
const filename = __dirname + '/berth-oci-command.cjs';
// Of one descriptor: the bundle may be replaced right now.
const bundle = fs.openSync(filename);
const { size, mtimeMs } = fs.fstatSync(bundle);
const folder = __dirname + '/compile-cache';
const begin = 'oci-' + verb + '-';
const cacheFile = folder + '/' + begin + size + '-' + mtimeMs;
let cachedData;
try {
  cachedData = fs.readFileSync(cacheFile);
} catch {}
const text = '(function (exports, require, module, __filename, __dirname) { ' + fs.readFileSync(bundle, 'latin1') + '\\n})';
fs.closeSync(bundle);
const script = new Script(text, { filename, cachedData });
if (cachedData === undefined || script.cachedDataRejected) process.once('exit', keep);
script.runInThisContext()(exports, require, module, filename, __dirname);

// A folder that we may not write is no fault: the next run compiles again.
function keep(code) {
  if (code !== 0) return;
  try {
    fs.mkdirSync(folder, { recursive: true });
    for (const name of fs.readdirSync(folder)) if (name.startsWith(begin)) fs.rmSync(folder + '/' + name);
    const fresh = folder + '/' + process.pid + '.new';
    fs.writeFileSync(fresh, script.createCachedData(), { mode: 0o644 });
    fs.renameSync(fresh, cacheFile);
  } catch {}
}
`;

/** What commands start with, by their name: the rest of them is a bundle. */
export const commandStarts: Readonly<Record<string, string>> = { berth, 'berth-oci': berthOci };
