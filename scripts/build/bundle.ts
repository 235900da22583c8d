import { existsSync, readFileSync } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BuildOptions, Metafile, Plugin } from 'esbuild';
import { commandStarts } from './command-start.ts';
import { isFresh, writeStamp } from './freshness.ts';
import { errorsOfCommand, imageWorkApart, isErrorOfCommand } from './image-work.ts';
import { lazyBuiltins, onlyFiles } from './lazy-builtin.ts';

const root = join(import.meta.dirname, '../..');

/** The programs, by the name of their bundle. */
const entries: Readonly<Record<string, string>> = {
  'berth-command': 'packages/cli/src/main.ts',
  'berth-image-work': 'packages/cli/src/image-work.ts',
  berthd: 'packages/engine/src/daemon/main.ts',
  'layer-worker': 'packages/image/src/layer/worker.ts',
  'berth-oci-command': 'packages/runtime/src/command/main.ts',
};

/**
 * CommonJS: loading an ES module costs more than twice as much at start-up. The price is that `import.meta` must be
 * spelled in CommonJS words.
 */
const options: BuildOptions = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  target: 'node24',
  format: 'cjs',
  external: ['*.node'],
  // `import()` of another bundle is `require`: the loader of ES modules takes longer.
  supported: { 'dynamic-import': false },
  outExtension: { '.js': '.cjs' },
  define: {
    'import.meta.url': 'importMetaUrl',
    'import.meta.dirname': '__dirname',
    'import.meta.filename': '__filename',
    'import.meta.main': 'false',
  },
  banner: { js: "const importMetaUrl = require('node:url').pathToFileURL(__filename).href;" },
  logLevel: 'warning',
  metafile: true,
};

/** A command is there for some tens of milliseconds, a daemon's modules are all needed. */
const plugins: Readonly<Record<string, readonly Plugin[]>> = {
  'berth-command': [imageWorkApart],
  'berth-image-work': [errorsOfCommand],
  'berth-oci-command': [lazyBuiltins],
};

/** Builds the bundles whose sources changed, of all or of those named. @returns the names of those that were built */
export async function buildBundles(
  outDir: string = join(root, 'build'),
  names: readonly string[] = Object.keys(entries),
): Promise<string[]> {
  for (const [name, text] of Object.entries(commandStarts)) {
    const start = join(outDir, `${name}.cjs`);
    if (existsSync(start) && readFileSync(start, 'utf8') === text) continue;
    await mkdir(outDir, { recursive: true });
    await writeFile(start, text);
  }
  const stale = names.filter((name) => !isFresh(join(outDir, `${name}.cjs`), { root, options }));
  if (stale.length === 0) return [];
  // Loaded only when there is work: it costs more than all the checks.
  const esbuild = await import('esbuild');
  await Promise.all(
    stale.map(async (name) => {
      const output = join(outDir, `${name}.cjs`);
      // Under a name of its own until it is whole: it may be in use right now.
      const fresh = `${output}.${process.pid}`;
      const began = Date.now();
      const own = { plugins: [...(plugins[name] ?? [])], entryPoints: [entries[name]!], outfile: fresh };
      const { metafile } = await esbuild.build({ ...options, ...own });
      await rename(fresh, output);
      await writeStamp(output, { root, options, inputs: filesOf(metafile!), began });
    }),
  );
  return stale;
}

function filesOf({ inputs }: Metafile): readonly string[] {
  return onlyFiles(Object.keys(inputs)).filter((input) => !isErrorOfCommand(input));
}
