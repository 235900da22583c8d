import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

export const criToolsVersion = 'v1.36.0';
const folder = path.join(import.meta.dirname, '../../build/test/peers', `cri-tools-${criToolsVersion}`);
const module = 'sigs.k8s.io/cri-tools';

/** A program of kubernetes-sigs/cri-tools, and go's words that make it. critest is a test, and its packages those of tests. */
const tools = {
  crictl: { get: ['get'], build: ['build'] },
  critest: { get: ['get', '-t'], build: ['test', '-c', '-p', '2'] },
} as const;

export type CriTool = keyof typeof tools;

/** Where it was built before, or the file that the variable names. */
export function foundTool(tool: CriTool, variable: string): string | undefined {
  return [process.env[variable] ?? '', path.join(folder, tool)].find((file) => existsSync(file));
}

/** Minutes the first time, then it is kept. Undefined where it cannot be built. */
export function buildTool(tool: CriTool): string | undefined {
  const go = ['/usr/local/go/bin/go', '/usr/bin/go', '/usr/lib/go/bin/go'].find((file) => existsSync(file));
  if (go === undefined) return undefined;
  console.log(`building ${tool} ${criToolsVersion} into build/test/peers`);
  mkdirSync(folder, { recursive: true });
  // A module of its own: 'go install' asks for a list of versions, which not every proxy gives.
  const place = mkdtempSync(path.join(folder, 'build-'));
  try {
    writeFileSync(path.join(place, 'go.mod'), `module ${tool}\n\ngo 1.25\n`);
    const output = path.join(place, tool);
    const { get, build } = tools[tool];
    const commands = [
      [...get, `${module}/cmd/${tool}@${criToolsVersion}`],
      [...build, '-trimpath', '-o', output, `${module}/cmd/${tool}`],
    ];
    const env = { ...process.env, GOFLAGS: '-mod=mod', CGO_ENABLED: '0' };
    const run = (args: readonly string[]) =>
      spawnSync(go, args, { cwd: place, env, stdio: 'ignore', timeout: 900_000 });
    if (!commands.every((args) => run(args).status === 0)) return undefined;
    renameSync(output, path.join(folder, tool));
    return path.join(folder, tool);
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}
