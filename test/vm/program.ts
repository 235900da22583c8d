import path from 'node:path';
import { build } from 'esbuild';
import { makePrograms } from '../conformance/suite/rootfs.ts';
import type { Runtime } from '../conformance/suite/runtime.ts';

const root = path.join(import.meta.dirname, '../..');

/** What the machine runs: cases of some topics, for one runtime. */
export interface Selection {
  readonly runtime: Runtime;
  /** Each container is a scope of its. */
  readonly systemd: boolean;
  /** Folders of test/conformance, and of test/vm/cases. */
  readonly topics: readonly string[];
}

export const berthOci: Runtime = { name: 'berth-oci', command: [path.join(root, 'bin/berth-oci')] };

/**
 * One bundle in build/test/vm, and beside it what containers run: reading TypeScript and compiling take too long in an
 * emulated machine. @returns the folder of both
 */
export async function buildProgram(name: string, selection: Selection): Promise<string> {
  const folder = path.join(root, 'build/test/vm', name);
  const outfile = path.join(folder, 'program.cjs');
  makePrograms(path.join(folder, 'programs'));
  await build({
    stdin: { contents: sourceOf(selection), resolveDir: import.meta.dirname, loader: 'ts' },
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'cjs',
    outfile,
    // Only the suite looks for files beside its own.
    define: { 'import.meta.dirname': JSON.stringify(path.join(root, 'test/conformance/suite')) },
    logLevel: 'error',
  });
  return folder;
}

function sourceOf({ runtime, systemd, topics }: Selection): string {
  const imports = topics.map((topic, at) => `import { cases as c${at} } from '${fileOf(topic)}';`);
  const entries = topics.map((topic, at) => `['${topic}', c${at}]`);
  return [
    `import { register } from './register.ts';`,
    ...imports,
    `register(${JSON.stringify({ runtime, systemd })}, new Map([${entries.join(', ')}]));`,
  ].join('\n');
}

function fileOf(topic: string): string {
  return topic.startsWith('vm/') ? `./cases/${topic.slice(3)}.ts` : `../conformance/${topic}/cases.ts`;
}
