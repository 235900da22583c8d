/** Walks the imports of all packages and names each that the table does not allow. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Import, importList } from './fence/import-list.ts';
import { layerOf } from './fence/layer.ts';
import { resolveImport, type Target } from './fence/resolve.ts';
import { breachOf } from './fence/table.ts';

const root = join(import.meta.dirname, '..');

/** Parts of Node that only compute. */
const pureParts = ['node:crypto', 'node:os', 'node:path'];

export interface Breach {
  /** `packages/…/file.ts:LINE` */
  readonly place: string;
  readonly reason: string;
}

/** What a package says in its package.json that it depends on. */
export type Dependencies = Readonly<Record<string, readonly string[]>>;

/** The breaches of one file; tests may import what they like. */
export function breachesOf(file: string, source: string, dependencies: Dependencies): Breach[] {
  const from = layerOf(file);
  if (from === undefined || file.endsWith('.test.ts')) return [];
  return importList(source).flatMap((each) => {
    const reason = judge(file, each, dependencies);
    return reason === undefined ? [] : [{ place: `${file}:${each.line}`, reason: `${reason}: '${each.specifier}'` }];
  });
}

function judge(file: string, each: Import, dependencies: Dependencies): string | undefined {
  const from = layerOf(file)!;
  const target = resolveImport(file, each.specifier);
  if (target.kind === 'node') {
    const mayUse = from !== 'model' || each.typeOnly || pureParts.includes(each.specifier);
    return mayUse ? undefined : 'model does no I/O';
  }
  const own = packageOf(file);
  const needed = neededPackage(own, target);
  if (needed !== undefined && !dependencies[own]?.includes(needed)) return `${own} does not declare ${needed}`;
  if (target.kind === 'foreign') return undefined;
  if (target.through === 'relative' && packageOf(target.file) !== own) return 'a relative path into another package';
  const to = layerOf(target.file);
  if (to === undefined) return 'this is no source of a package';
  if (target.through === 'relative' && folderOf(file) !== folderOf(target.file))
    return 'layers are imported as #layer/…';
  return breachOf(from, to, each.typeOnly);
}

function neededPackage(own: string, target: Target): string | undefined {
  if (target.kind === 'foreign') return target.name;
  if (target.kind !== 'file' || target.through === 'relative') return undefined;
  const name = packageOf(target.file);
  return name === own ? undefined : `@berth/${name}`;
}

function packageOf(file: string): string {
  return file.split('/')[1] ?? '';
}

/** Inside the engine each layer is a folder; a whole package elsewhere. */
function folderOf(file: string): string {
  return packageOf(file) === 'engine' ? file.split('/').slice(0, 4).join('/') : packageOf(file);
}

function readDependencies(): Dependencies {
  const files = globSync('packages/*/package.json', { cwd: root });
  return Object.fromEntries(
    files.map((file) => {
      const { dependencies = {} } = JSON.parse(readFileSync(join(root, file), 'utf8')) as { dependencies?: object };
      return [packageOf(file), Object.keys(dependencies)];
    }),
  );
}

export function findBreaches(): Breach[] {
  const dependencies = readDependencies();
  const files = globSync('packages/*/src/**/*.ts', { cwd: root }).toSorted();
  return files.flatMap((file) => breachesOf(file, readFileSync(join(root, file), 'utf8'), dependencies));
}

if (import.meta.main) {
  const breaches = findBreaches();
  for (const { place, reason } of breaches) console.error(`${place}: ${reason}`);
  process.exitCode = breaches.length === 0 ? 0 : 1;
}
