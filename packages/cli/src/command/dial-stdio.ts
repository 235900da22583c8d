import { once } from 'node:events';
import net from 'node:net';
import { pipeline } from 'node:stream/promises';
import { defineCommand } from '../command.ts';

/** One connection to the daemon through this command's standard streams: what `ssh://` runs on the other machine. */
export const command = defineCommand({
  usage: 'system dial-stdio',
  flags: {},
  arguments: { least: 0, most: 0 },
  async run({ client, place }) {
    // Starts a daemon when none answers.
    await client.ping();
    // The daemon still answers what it was asked before our input ended.
    const socket = net.connect({ path: place.socket, allowHalfOpen: true });
    await once(socket, 'connect');
    process.stdin.pipe(socket);
    await pipeline(socket, process.stdout, { end: false });
  },
});
