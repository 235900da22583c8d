import { runCommand } from '../../harness/command.ts';

/** An OCI runtime that is told what to do by runc's command line. */
export interface Runtime {
  readonly name: string;
  /** Program and arguments that stand before all others. */
  readonly command: readonly string[];
  /** runc's version; absent for others, which are held to do everything. */
  readonly runcVersion?: readonly [major: number, minor: number];
}

/** Why a case that runc has had since `since` cannot be run. */
export function whyTooOld({ name, runcVersion }: Runtime, since: string | undefined): string | undefined {
  if (runcVersion === undefined || since === undefined) return undefined;
  const [major = 0, minor = 0] = since.split('.').map(Number);
  const isThere = runcVersion[0] > major || (runcVersion[0] === major && runcVersion[1] >= minor);
  return isThere ? undefined : `${name} ${runcVersion.join('.')} has not what runc has since ${since}`;
}

/** Asks a runc for its version. Undefined when it does not run at all. */
export async function runcAt(program: string): Promise<Runtime | undefined> {
  const { code, stdout } = await runCommand([program, '--version']).catch(() => ({ code: 1, stdout: '' }));
  const found = /runc version (\d+)\.(\d+)/.exec(stdout);
  if (code !== 0 || found === null) return undefined;
  return { name: 'runc', command: [program], runcVersion: [Number(found[1]), Number(found[2])] };
}
