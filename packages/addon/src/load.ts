import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What native/addon.c registers. */
export interface Addon {
  /**
   * Makes one system call: its result, or -errno. A string reaches the kernel as UTF-8 ended by NUL, a
   * Uint8Array as the address of its bytes. Blocks the thread as long as the call does.
   */
  readonly syscall: (number: number, ...args: readonly Argument[]) => number;
  /** Where the bytes are, for structs with pointers: valid while the caller holds `bytes`. */
  readonly address: (bytes: Uint8Array) => bigint;
}

export type Argument = number | bigint | string | Uint8Array;

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

let loaded: Addon | undefined;

/** Loads once per thread. @throws Error naming the path when there is no addon */
export function addon(): Addon {
  if (loaded !== undefined) return loaded;
  const path = addonPath();
  const module: { exports: Addon } = { exports: { syscall: noCall, address: noCall } };
  try {
    process.dlopen(module, path);
  } catch (cause) {
    throw new Error(`berth's native addon could not be loaded from ${path}: run npm run build`, { cause });
  }
  loaded = module.exports;
  return loaded;
}

function noCall(): never {
  throw new Error("berth's native addon is of another version: run npm run build");
}
