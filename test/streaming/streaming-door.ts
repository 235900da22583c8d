import type { CommandSession, StreamingServer } from '@berth/engine/api/streaming/contract';
import { openStreamingServer } from '@berth/engine/api/streaming/server';
import { silentLog } from '@berth/model/context';

/** A streaming server of the test's own, on a port of its own. */
export async function streamingDoor(
  settings: { readonly idleTimeout?: number; readonly creationTimeout?: number } = {},
): Promise<StreamingServer> {
  return await openStreamingServer({ address: '127.0.0.1', port: 0, idleTimeout: 60_000, log: silentLog, ...settings });
}

/** What a URL may stand for in a test. */
export function command(session: Partial<CommandSession> & Pick<CommandSession, 'run'>): CommandSession {
  return { stdin: false, stdout: true, stderr: false, tty: false, ...session };
}

/** Says on standard output what comes on standard input. */
export const echo: CommandSession = command({
  stdin: true,
  run: async (streams) => {
    for await (const bytes of streams.stdin ?? []) await streams.write('stdout', bytes);
    return { exitCode: 0 };
  },
});
