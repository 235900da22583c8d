import { BerthError } from '@berth/model/error';
import { argument, defineCommand } from '../command.ts';
import { switchFlag, textFlag } from '../flag/spec.ts';
import { followContainer } from '../foreground.ts';
import { defaultDetachKeys, parseDetachKeys } from '../terminal/detach-keys.ts';
import { checkTerminal } from '../terminal/raw-mode.ts';

export const command = defineCommand({
  usage: 'attach [OPTIONS] CONTAINER',
  flags: {
    'detach-keys': textFlag('Override the key sequence for detaching a container'),
    'no-stdin': switchFlag('Do not attach STDIN'),
    'sig-proxy': switchFlag('Proxy all received signals to the process', { initial: true }),
  },
  arguments: { least: 1, most: 1 },
  async run({ flags, args, client }) {
    const { id, name, status, config } = await client.containers.inspect(argument(args, 0));
    if (status !== 'running') throw cannotAttach(name, status);
    const tty = config.tty === true;
    const stdin = !flags['no-stdin'] && config.openStdin === true;
    checkTerminal({ stdin, tty });
    return await followContainer(client, id, {
      stdin,
      stdout: true,
      stderr: true,
      tty,
      detachKeys: parseDetachKeys(flags['detach-keys'] ?? defaultDetachKeys),
      start: false,
      proxySignals: flags['sig-proxy'] && !tty,
    });
  },
});

function cannotAttach(name: string, status: string): BerthError {
  const paused = status === 'paused';
  return new BerthError(
    'failed_precondition',
    `cannot attach to the ${paused ? 'paused' : 'stopped'} container ${name}`,
    {
      code: paused ? 'paused' : 'not_running',
      hint: paused ? `unpause it first: berth unpause ${name}` : `start it first: berth start ${name}`,
    },
  );
}
