import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What native/addon.c registers: each call returns its result, or -errno. */
export type Table = Readonly<Record<string, (...args: readonly unknown[]) => number>>;

/**
 * Where the compiled addon is: `BERTH_ADDON`, else `native/addon.node` beside a bundle in `build/`, else
 * below the project root when the sources run as they are.
 */
export function addonPath(): string {
  const chosen = process.env['BERTH_ADDON'];
  if (chosen !== undefined && chosen !== '') return chosen;
  // Bundles are CommonJS: they have __dirname, and no import.meta.url.
  if (typeof __dirname === 'string') return join(__dirname, 'native', 'addon.node');
  return fileURLToPath(new URL('../../../build/native/addon.node', import.meta.url));
}

let loaded: Table | undefined;

/** Loads once per thread. @throws Error naming the path when there is no addon */
export function table(): Table {
  if (loaded !== undefined) return loaded;
  const path = addonPath();
  const module: { exports: Table } = { exports: {} };
  try {
    process.dlopen(module, path);
  } catch (cause) {
    throw new Error(`berth's native addon could not be loaded from ${path}: run npm run build`, { cause });
  }
  loaded = module.exports;
  return loaded;
}
