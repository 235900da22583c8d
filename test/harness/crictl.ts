import { type Ran, runCommand } from './command.ts';
import { buildTool, criToolsVersion, foundTool } from './cri-tools.ts';

/** The real crictl: the one that `BERTH_TEST_CRICTL` names, else one built with go. Undefined where it cannot be built. */
export function findCrictl(): string | undefined {
  return foundTool('crictl', 'BERTH_TEST_CRICTL') ?? buildTool('crictl');
}

/** Why a test that needs it is skipped. */
export const noCrictl = `no crictl ${criToolsVersion}: it is built with go, or named by BERTH_TEST_CRICTL`;

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
