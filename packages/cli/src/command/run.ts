import { BerthError } from '@berth/model/error';
import { type CommandCall, defineCommand } from '../command.ts';
import { containerFlags, unsupportedFlags } from '../container-flags.ts';
import { containerRequest } from '../container-request.ts';
import { createContainer, createOptions } from '../create-container.ts';
import { switchFlag, textFlag } from '../flag/spec.ts';
import { print } from '../print/output.ts';
import { reportError } from '../report-error.ts';

const flagTable = {
  ...containerFlags,
  detach: switchFlag('Run container in background and print container ID', { short: 'd' }),
  'detach-keys': textFlag('Override the key sequence for detaching a container'),
  'sig-proxy': switchFlag('Proxy received signals to the process', { initial: true }),
};

type Call = CommandCall<typeof flagTable>;

/** Exit codes: the container's own; 126 and 127 when its command cannot be begun; 125 for our own failures. */
export const command = defineCommand({
  usage: 'run [OPTIONS] IMAGE [COMMAND] [ARG...]',
  flags: { ...unsupportedFlags, ...flagTable },
  arguments: { least: 1 },
  stopAtArgument: true,
  failureCode: 125,
  async run(call: Call) {
    const clash = conflict(call);
    if (clash !== undefined) {
      reportError(clash);
      return 1;
    }
    return call.flags.detach ? await runDetached(call) : await runAttached(call);
  },
});

function conflict({ flags }: Call): BerthError | undefined {
  if (!flags.detach || flags.attach.length === 0) return undefined;
  return new BerthError('invalid_argument', 'conflicting options: cannot specify both --attach and --detach');
}

async function runDetached({ flags, args, client, env }: Call): Promise<number> {
  const { id } = await createContainer(client, containerRequest(flags, args, env), createOptions(flags, env));
  try {
    await client.containers.start(id);
  } catch (error) {
    return await failedStart(error);
  }
  print(`${id}\n`);
  return 0;
}

async function runAttached({ flags, args, client, env }: Call): Promise<number> {
  const keys = await import('../terminal/detach-keys.ts');
  const { checkTerminal } = await import('../terminal/raw-mode.ts');
  const attached = (stream: string) => flags.attach.length === 0 || flags.attach.includes(stream);
  const stdin = flags.interactive && attached('stdin');
  const detachKeys = keys.parseDetachKeys(flags['detach-keys'] ?? keys.defaultDetachKeys);
  try {
    checkTerminal({ stdin, tty: flags.tty });
  } catch (error) {
    reportError(error);
    return 1;
  }
  const request = containerRequest(flags, args, env);
  const creation = createContainer(
    client,
    stdin ? { ...request, stdinOnce: true } : request,
    createOptions(flags, env),
  );
  // The rest of this program is loaded while the daemon works.
  const [session, { id }] = await Promise.all([import('../foreground.ts'), creation]);
  try {
    return await session.followContainer(client, id, {
      stdin,
      stdout: attached('stdout'),
      stderr: attached('stderr'),
      tty: flags.tty,
      detachKeys,
      start: true,
      autoRemove: flags.rm,
      proxySignals: flags['sig-proxy'],
    });
  } catch (error) {
    return await failedStart(error);
  }
}

async function failedStart(error: unknown): Promise<number> {
  const { startFailureCode } = await import('../foreground.ts');
  reportError(error);
  return startFailureCode(error, 125);
}
