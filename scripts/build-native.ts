/**
 * Builds the native part with plain cc: the launcher, and the addon when its sources are there.
 * Run as a program it builds into build/native; `--sanitize` builds with ASan and UBSan instead.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';

const root = join(import.meta.dirname, '..');
const native = join(root, 'native');
const warnings = ['-std=c11', '-D_GNU_SOURCE', '-Wall', '-Wextra', '-Werror'];
const sanitizers = [
  '-g',
  '-O1',
  '-fno-omit-frame-pointer',
  '-fsanitize=address,undefined',
  '-fno-sanitize-recover=all',
];

export interface NativeBuild {
  readonly launcher: string;
  /** Undefined when there are no sources of it, or no Node headers. */
  readonly addon: string | undefined;
}

interface Artefact {
  readonly output: string;
  readonly sources: readonly string[];
  readonly flags: readonly string[];
}

/** Builds what is not up to date into `outDir`. Fails with the compiler's words. */
export async function buildNative(
  outDir: string = join(root, 'build/native'),
  options: { readonly sanitize?: boolean } = {},
): Promise<NativeBuild> {
  mkdirSync(outDir, { recursive: true });
  const launcher = join(outDir, 'berth-launcher');
  await build({
    output: launcher,
    sources: launcherSources(),
    // Static and not position independent: no relocation touches a page, so shims share nearly all of it.
    flags: [...warnings, ...(options.sanitize ? sanitizers : ['-O2', '-static', '-no-pie', '-s'])],
  });
  const addon = addonArtefact(join(outDir, 'addon.node'));
  if (addon !== undefined) await build(addon);
  return { launcher, addon: addon?.output };
}

/** Everything that the launcher is made of, without its tests. */
export function launcherSources(): string[] {
  return globSync(join(native, '*.c'))
    .filter((file) => !basename(file).startsWith('addon'))
    .toSorted();
}

function addonArtefact(output: string): Artefact | undefined {
  const sources = globSync(join(native, 'addon*.c')).toSorted();
  const arch = process.arch === 'arm64' ? 'arm64' : 'x64';
  const headers = join(root, `node_modules/node-linux-${arch}/include/node`);
  if (sources.length === 0 || !existsSync(headers)) return undefined;
  return { output, sources, flags: ['-std=c11', '-O2', '-shared', '-fPIC', '-DNAPI_VERSION=8', `-I${headers}`] };
}

/** The stamp beside the output has a hash of all that went into it. */
async function build(artefact: Artefact): Promise<void> {
  const stamp = `${artefact.output}.stamp`;
  const fingerprint = hashOf(artefact);
  if (existsSync(artefact.output) && existsSync(stamp) && readFileSync(stamp, 'utf8') === fingerprint) return;
  // Under a name of its own until it is whole: tests in other processes may build or run it right now.
  const fresh = `${artefact.output}.${process.pid}`;
  await promisify(execFile)('cc', [...artefact.flags, '-o', fresh, ...artefact.sources]);
  renameSync(fresh, artefact.output);
  writeFileSync(stamp, fingerprint);
}

function hashOf(artefact: Artefact): string {
  const hash = createHash('sha256').update(JSON.stringify(artefact.flags));
  const headers = globSync(join(native, '{*.h,gen/*.h}')).toSorted();
  for (const file of [...artefact.sources, ...headers]) hash.update(basename(file)).update(readFileSync(file));
  return hash.digest('hex');
}

if (import.meta.main) {
  const sanitize = process.argv.includes('--sanitize');
  const built = await buildNative(sanitize ? join(root, 'build/native-sanitize') : undefined, { sanitize });
  console.log(built.launcher);
}
