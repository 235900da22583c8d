import type { Plugin } from 'esbuild';

/**
 * The part of `berth` that moves images is three quarters of its code, and most commands need none of it: it is a
 * bundle of its own, which the command's bundle requires when it is asked for.
 */
export const imageWorkApart: Plugin = {
  name: 'image-work-apart',
  setup(build) {
    build.onResolve({ filter: /\/image-work\.ts$/ }, ({ kind }) =>
      kind === 'dynamic-import' ? { path: './berth-image-work.cjs', external: true } : undefined,
    );
  },
};

const namespace = 'command-error';

/**
 * In that bundle, the errors are those of the command's bundle, which is there already: an error of a copy of the class
 * would be none to `instanceof`, and its hint would be lost.
 */
export const errorsOfCommand: Plugin = {
  name: namespace,
  setup(build) {
    build.onResolve({ filter: /^@berth\/model\/error$|^\.\/error\.ts$/ }, ({ path, resolveDir }) =>
      path.startsWith('@') || resolveDir.endsWith('/packages/model/src') ? { path, namespace } : undefined,
    );
    build.onLoad({ filter: /./, namespace }, () => ({
      contents: "module.exports = require('./berth-command.cjs');",
      loader: 'js',
    }));
    build.onResolve({ filter: /^\.\/berth-command\.cjs$/, namespace }, ({ path }) => ({ path, external: true }));
  },
};

/** Without that module, which is no file: what a bundle was made of. */
export function isErrorOfCommand(input: string): boolean {
  return input.startsWith(`${namespace}:`);
}
