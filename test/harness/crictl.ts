import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type Ran, runCommand } from './command.ts';

const version = 'v1.36.0';
const folder = path.join(import.meta.dirname, '../../build/test/peers', `cri-tools-${version}`);
const built = path.join(folder, 'crictl');
const module = 'sigs.k8s.io/cri-tools';

/** The real crictl: the one that `BERTH_TEST_CRICTL` names, else one built with go. Undefined where it cannot be built. */
export function findCrictl(): string | undefined {
  return [process.env['BERTH_TEST_CRICTL'] ?? '', built].find((file) => existsSync(file)) ?? build();
}

/** Why a test that needs it is skipped. */
export const noCrictl = `no crictl ${version}: it is built with go, or named by BERTH_TEST_CRICTL`;

/** Two minutes the first time, then it is kept. */
function build(): string | undefined {
  const go = ['/usr/local/go/bin/go', '/usr/bin/go', '/usr/lib/go/bin/go'].find((file) => existsSync(file));
  if (go === undefined) return undefined;
  console.log(`building crictl ${version} into build/test/peers`);
  mkdirSync(folder, { recursive: true });
  // A module of its own: 'go install' asks for a list of versions, which not every proxy gives.
  const place = mkdtempSync(path.join(folder, 'build-'));
  try {
    writeFileSync(path.join(place, 'go.mod'), 'module crictl\n\ngo 1.25\n');
    const output = path.join(place, 'crictl');
    const commands = [
      ['get', `${module}/cmd/crictl@${version}`],
      ['build', '-trimpath', '-o', output, `${module}/cmd/crictl`],
    ];
    const env = { ...process.env, GOFLAGS: '-mod=mod', CGO_ENABLED: '0' };
    const run = (args: readonly string[]) =>
      spawnSync(go, args, { cwd: place, env, stdio: 'ignore', timeout: 400_000 });
    if (!commands.every((args) => run(args).status === 0)) return undefined;
    renameSync(output, built);
    return built;
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

/** crictl with one server. */
export class Crictl {
  readonly #words: readonly string[];

  /** @param program as `findCrictl` gives it @param socket the server's */
  constructor(program: string, socket: string) {
    this.#words = [program, '--config', '/dev/null', '--runtime-endpoint', `unix://${socket}`, '--timeout', '60s'];
  }

  /** The words to run it by other means, such as in a terminal. */
  command(...args: readonly string[]): string[] {
    return [...this.#words, ...args];
  }

  run(args: readonly string[], input?: string): Promise<Ran> {
    return runCommand(this.command(...args), { input });
  }

  /** Like `run`, for what must succeed. @returns standard output without the last newline */
  async expect(...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(args);
    if (code !== 0) throw new Error(`crictl ${args.join(' ')}: code ${code}\n${stderr}${stdout}`);
    return stdout.replace(/\n$/, '');
  }

  /** What a command prints with `--output json`. */
  async json(command: string, ...args: readonly string[]): Promise<unknown> {
    return JSON.parse(await this.expect(command, '--output', 'json', ...args)) as unknown;
  }
}
