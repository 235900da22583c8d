/**
 * `npm run demo`: an image from our own sources, loaded and run by the real command and a daemon of its own, in a
 * temporary folder. Leaves nothing.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { build } from './build.ts';
import { helloImage } from './demo/image.ts';

const command = path.join(import.meta.dirname, '../bin/berth');

interface Stage {
  readonly folder: string;
  /** Runs `berth`, showing the command line and what it prints. @returns its exit code */
  readonly berth: (args: readonly string[], options?: { readonly firstLines?: number }) => number;
}

function openStage(): Stage {
  const folder = mkdtempSync(path.join(tmpdir(), 'berth-demo-'));
  const places = {
    BERTH_ROOT: path.join(folder, 'root'),
    BERTH_RUN: path.join(folder, 'run'),
    BERTH_CONFIG: '/dev/null',
  };
  const env: NodeJS.ProcessEnv = { ...process.env, ...places, BERTH_CGROUP_PARENT: `/${path.basename(folder)}` };
  // This shell's own choice of a daemon is not the demo's.
  delete env['BERTH_SOCKET'];
  delete env['BERTH_HOST'];
  const berth: Stage['berth'] = (args, { firstLines } = {}) => {
    console.log(`\n$ berth ${args.join(' ').replaceAll(`${folder}/`, '')}`);
    const ran = spawnSync(command, args, { env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
    const lines = ran.stdout.trimEnd().split('\n').map(cut);
    const shown = lines.slice(0, firstLines);
    if (ran.stdout !== '') console.log(shown.join('\n'));
    if (lines.length > shown.length) console.log(`… and ${lines.length - shown.length} lines more`);
    return ran.status ?? 1;
  };
  return { folder, berth };
}

/** Paths of a temporary folder make long lines. */
function cut(line: string): string {
  const width = Math.max(process.stdout.columns ?? 0, 120);
  return line.length > width ? `${line.slice(0, width - 1)}…` : line;
}

/** The main job. @throws Error when a step that must succeed does not */
function play({ folder, berth }: Stage): void {
  const must = (args: readonly string[], options?: { readonly firstLines?: number }) => {
    const code = berth(args, options);
    if (code !== 0) throw new Error(`berth ${args[0]} ended with ${code}`);
  };
  const archive = path.join(folder, 'hello.tar');
  writeFileSync(archive, helloImage('hello:latest', folder));
  must(['daemon', 'start']);
  must(['load', '-i', archive]);
  must(['images']);
  const limits = ['--memory', '64m', '--cpus', '0.5', '--pids-limit', '32'];
  const code = berth(['run', '--name', 'greeter', '--hostname', 'demo', ...limits, 'hello', '7']);
  if (code !== 7) throw new Error(`the container should have ended with 7, not ${code}`);
  console.log(`\nThe container ended with exit code ${code}, as it was asked to.`);
  must(['ps', '--all']);
  must(['explain', 'greeter'], { firstLines: 20 });
}

function strike({ folder, berth }: Stage): void {
  berth(['rm', '--force', 'greeter']);
  berth(['daemon', 'stop']);
  rmSync(folder, { recursive: true, force: true });
}

if (process.getuid?.() !== 0) {
  console.error('demo: containers need root here: sudo npm run demo');
  process.exit(1);
}
console.log('Building …');
await build();
const stage = openStage();
// Ctrl-C reaches the command in front too; the play then fails and the stage is struck all the same.
process.on('SIGINT', () => undefined);
try {
  play(stage);
} catch (error) {
  console.error(`\ndemo: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
} finally {
  strike(stage);
}
if (process.exitCode === undefined)
  console.log('\nThat was all; nothing of it is left. bin/berth is yours: bin/berth --help');
