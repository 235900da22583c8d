/**
 * Writes packages/wire/src/gen from packages/wire/proto: message types and service descriptions, by buf and
 * protoc-gen-es. `--check` writes nothing and ends with 1 when the committed files are not what would be written;
 * on a machine for which there is no buf it says so and passes.
 */
import { spawnSync } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const root = join(import.meta.dirname, '..');
const source = 'packages/wire/proto';
const output = 'packages/wire/src/gen';

/** The folder of an npm package, undefined when it is not installed. */
function packageFolder(name: string): string | undefined {
  try {
    return dirname(createRequire(import.meta.url).resolve(`${name}/package.json`));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}

const bufPackages: Readonly<Record<string, string>> = { x64: 'buf-linux-x64', arm64: 'buf-linux-aarch64' };

interface Generator {
  readonly buf: string;
  readonly plugin: string;
}

/** Undefined where one of the two programs is missing. */
function findGenerator(): Generator | undefined {
  const buf = process.platform === 'linux' ? packageFolder(`@bufbuild/${bufPackages[process.arch]}`) : undefined;
  const plugin = packageFolder('@bufbuild/protoc-gen-es');
  if (buf === undefined || plugin === undefined) return undefined;
  return { buf: join(buf, 'bin/buf'), plugin: join(plugin, 'bin/protoc-gen-es') };
}

/** @throws Error with what buf said */
function generate({ buf, plugin }: Generator, folder: string): void {
  const template = {
    version: 'v2',
    plugins: [
      {
        local: [process.execPath, plugin],
        out: '.',
        opt: ['target=ts', 'import_extension=ts', 'erasable_syntax=true'],
      },
    ],
  };
  const args = ['generate', source, '--template', JSON.stringify(template), '--output', folder];
  // Nothing is fetched: no input has a dependency. The cache must lie somewhere all the same.
  const env = { ...process.env, BUF_CACHE_DIR: join(folder, '.cache') };
  const { status, stderr, error } = spawnSync(buf, args, { cwd: root, env, encoding: 'utf8' });
  rmSync(join(folder, '.cache'), { recursive: true, force: true });
  if (status !== 0) throw new Error(`buf generate failed: ${error?.message ?? stderr}`);
}

/** Paths below the folder, with the text. */
function filesOf(folder: string): Map<string, string> {
  const files = globSync('**/*.ts', { cwd: folder }).toSorted();
  return new Map(files.map((file) => [file, readFileSync(join(folder, file), 'utf8')]));
}

/** Files of which there are two versions, or only one. */
function differences(generator: Generator): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'berth-proto-'));
  try {
    generate(generator, folder);
    const [fresh, committed] = [filesOf(folder), filesOf(join(root, output))];
    const names = new Set([...fresh.keys(), ...committed.keys()]);
    return [...names].filter((file) => fresh.get(file) !== committed.get(file));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function check(generator: Generator): void {
  const stale = differences(generator);
  for (const file of stale) console.error(`${output}/${file} is not up to date: run scripts/generate-proto.ts`);
  process.exitCode = stale.length === 0 ? 0 : 1;
}

if (import.meta.main) {
  const generator = findGenerator();
  const checking = process.argv.includes('--check');
  if (generator === undefined) {
    console.error('buf or protoc-gen-es is not installed here: generated code is not compared');
    process.exitCode = checking ? 0 : 1;
  } else if (checking) check(generator);
  else {
    rmSync(join(root, output), { recursive: true, force: true });
    generate(generator, join(root, output));
  }
}
