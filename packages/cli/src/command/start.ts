import { BerthError } from '@berth/model/error';
import { argument, type CommandCall, defineCommand } from '../command.ts';
import { eachTarget } from '../each-target.ts';
import { switchFlag, textFlag } from '../flag/spec.ts';

const flagTable = {
  attach: switchFlag('Attach STDOUT/STDERR and forward signals', { short: 'a' }),
  'detach-keys': textFlag('Override the key sequence for detaching a container'),
  interactive: switchFlag("Attach container's STDIN", { short: 'i' }),
  'sig-proxy': switchFlag('Proxy received signals to the process', { initial: true, hidden: true }),
};

export const command = defineCommand({
  usage: 'start [OPTIONS] CONTAINER [CONTAINER...]',
  flags: flagTable,
  arguments: { least: 1 },
  async run(call) {
    const { flags, args, client } = call;
    if (!flags.attach && !flags.interactive) {
      return await eachTarget(args, (ref) => client.containers.start(ref));
    }
    if (args.length > 1) {
      throw new BerthError('invalid_argument', 'you cannot start and attach multiple containers at once');
    }
    return await startAttached(call);
  },
});

async function startAttached({ flags, args, client }: CommandCall<typeof flagTable>): Promise<number> {
  const { followContainer } = await import('../foreground.ts');
  const { defaultDetachKeys, parseDetachKeys } = await import('../terminal/detach-keys.ts');
  const { checkTerminal } = await import('../terminal/raw-mode.ts');
  const { id, config } = await client.containers.inspect(argument(args, 0));
  const stdin = flags.interactive && config.openStdin === true;
  const tty = config.tty === true;
  checkTerminal({ stdin, tty });
  return await followContainer(client, id, {
    stdin,
    stdout: true,
    stderr: true,
    tty,
    detachKeys: parseDetachKeys(flags['detach-keys'] ?? defaultDetachKeys),
    start: true,
    proxySignals: flags['sig-proxy'],
  });
}
