import { BerthError } from '@berth/model/error';
import { connectBerth } from '@berth/sdk/client';
import { version } from '@berth/sdk/version';
import type { Ping } from '@berth/wire/native/api';
import { defineCommand } from '../command.ts';
import { switchFlag, textFlag } from '../flag/spec.ts';
import { print } from '../print/output.ts';
import { reportError } from '../report-error.ts';

export const command = defineCommand({
  usage: 'version [OPTIONS]',
  flags: {
    client: switchFlag('Do not ask the daemon for its version'),
    format: textFlag("'json' or a Go template", { short: 'f' }),
  },
  arguments: { least: 0, most: 0 },
  async run({ flags, place }) {
    const client = { Version: version, NodeVersion: process.version, Os: process.platform, Arch: process.arch };
    // Asking for a version must not start a daemon.
    const server = flags.client ? undefined : await askDaemon(place.socket);
    const found = server === undefined || server instanceof BerthError ? undefined : server;
    const shown = {
      Client: client,
      Server: found === undefined ? null : { Version: found.version, Pid: found.pid, Root: found.root, Run: found.run },
    };
    print(flags.format === undefined ? plain(shown) : await formatted(shown, flags.format));
    if (!(server instanceof BerthError)) return 0;
    reportError(server);
    return 1;
  },
});

async function askDaemon(socket: string): Promise<Ping | BerthError> {
  try {
    return await connectBerth({ socket }).ping();
  } catch (error) {
    if (error instanceof BerthError) return error;
    throw error;
  }
}

type Shown = Readonly<Record<string, Readonly<Record<string, unknown>> | null>>;

function plain(shown: Shown): string {
  return Object.entries(shown)
    .filter(([, fields]) => fields !== null)
    .map(([side, fields]) => {
      const lines = Object.entries(fields ?? {}).map(([key, value]) => ` ${`${key}:`.padEnd(16)}${String(value)}\n`);
      return `${side}:\n${lines.join('')}`;
    })
    .join('\n');
}

async function formatted(shown: Shown, format: string): Promise<string> {
  if (format === 'json') return `${JSON.stringify(shown)}\n`;
  const { compileTemplate, unescapeFormat } = await import('../print/template.ts');
  return `${compileTemplate(unescapeFormat(format)).render(shown)}\n`;
}
