import { isKind } from '@berth/model/error';
import { argument, type CommandCall, defineCommand } from '../command.ts';
import { listFlag, switchFlag, textFlag } from '../flag/spec.ts';
import { reportError } from '../report-error.ts';
import { readEnvironmentFile, resolveVariable } from '../value/environment.ts';

const flagTable = {
  detach: switchFlag('Detached mode: run command in the background', { short: 'd' }),
  'detach-keys': textFlag('Override the key sequence for detaching from the command'),
  env: listFlag('Set environment variables', { short: 'e' }),
  'env-file': listFlag('Read in a file of environment variables'),
  interactive: switchFlag('Keep STDIN open even if not attached', { short: 'i' }),
  privileged: switchFlag('Give extended privileges to the command'),
  tty: switchFlag('Allocate a pseudo-TTY', { short: 't' }),
  user: textFlag('Username or UID (format: <name|uid>[:<group|gid>])', { short: 'u' }),
  workdir: textFlag('Working directory inside the container', { short: 'w' }),
};

type Call = CommandCall<typeof flagTable>;

/** Exit codes: the command's own; 127 when it is not there, 126 when it cannot be begun; 1 for what comes before. */
export const command = defineCommand({
  usage: 'exec [OPTIONS] CONTAINER COMMAND [ARG...]',
  flags: flagTable,
  arguments: { least: 2 },
  stopAtArgument: true,
  async run(call) {
    const { checkTerminal } = await import('../terminal/raw-mode.ts');
    const { startFailureCode } = await import('../foreground.ts');
    const { flags, client, args } = call;
    checkTerminal({ stdin: flags.interactive && !flags.detach, tty: flags.tty });
    const { id } = await client.exec.create(argument(args, 0), execRequest(call));
    try {
      if (!flags.detach) return await runAttached(call, id);
      await client.exec.start(id);
      return 0;
    } catch (error) {
      reportError(error);
      return startFailureCode(error, isKind(error, 'unavailable') ? 1 : 126);
    }
  },
});

function execRequest({ flags, args, env }: Call) {
  const { workdir, user } = flags;
  const fromFiles = flags['env-file'].flatMap((file) => readEnvironmentFile(file, env));
  return {
    command: args.slice(1),
    env: [...fromFiles, ...flags.env.flatMap((text) => resolveVariable(text, env))],
    tty: flags.tty,
    attachStdin: flags.interactive && !flags.detach,
    attachOutput: !flags.detach,
    privileged: flags.privileged,
    ...(workdir === undefined ? {} : { workingDir: workdir }),
    ...(user === undefined ? {} : { user }),
  };
}

async function runAttached({ flags, client }: Call, id: string): Promise<number> {
  const { runSession } = await import('../terminal/session.ts');
  const { defaultDetachKeys, parseDetachKeys } = await import('../terminal/detach-keys.ts');
  const end = await runSession({
    stdin: flags.interactive,
    stdout: true,
    stderr: true,
    tty: flags.tty,
    detachKeys: parseDetachKeys(flags['detach-keys'] ?? defaultDetachKeys),
    open: (onOutput, size) => client.exec.attach(id, { size, onOutput }),
  });
  return typeof end === 'string' ? 0 : end.exit.exitCode;
}
