import { createRequire } from 'node:module';
import type { Plugin } from 'esbuild';

const require = createRequire(import.meta.url);

/** Node's modules whose loading is felt: milliseconds each, together some 15 of a command's processor time. */
const heavy = /^node:(child_process|fs\/promises|net|timers\/promises)$/;

const namespace = 'lazy-builtin';

/**
 * Loads Node's own heavy modules at the first use of one of their names, not where they are imported: most verbs of a
 * command use none of what the code that they share imports.
 */
export const lazyBuiltins: Plugin = {
  name: namespace,
  setup(build) {
    build.onResolve({ filter: heavy }, ({ path, namespace: from }) =>
      from === namespace ? { path, external: true } : { path, namespace },
    );
    build.onLoad({ filter: heavy, namespace }, ({ path }) => ({ contents: getters(path), loader: 'js' }));
  },
};

function getters(name: string): string {
  const names = Object.keys(require(name) as object);
  const rows = names.map((one) => `get ${one}() { return require('${name}').${one}; },`);
  return `module.exports = {\n${rows.join('\n')}\n};\n`;
}

/** Without those modules, which are no files: what a bundle was made of. */
export function onlyFiles(inputs: readonly string[]): string[] {
  return inputs.filter((input) => !input.startsWith(`${namespace}:`));
}
