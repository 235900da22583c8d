import { unlink } from 'node:fs/promises';
import { asError, BerthError } from '@berth/model/error';
import { composeEngine } from './compose.ts';
import { readConfig } from './config.ts';
import { jsonLog } from './json-log.ts';
import { listenOn, listenOnNetwork } from './listen.ts';
import { usage } from './usage.ts';
import { version } from './version.ts';

/** Runs the daemon until a signal or a request ends it. */
async function main(): Promise<void> {
  const argv = process.argv.slice(2);
  if (argv.includes('--help') || argv.includes('-h')) return void process.stdout.write(usage);
  if (argv.includes('--version')) return void process.stdout.write(`berthd ${version}\n`);
  const config = readConfig(argv, process.env);
  const log = jsonLog(config.logLevel, (line) => process.stderr.write(line));
  const { promise: asked, resolve: shutdown } = Promise.withResolvers<void>();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => shutdown());
  {
    await using engine = await composeEngine(config, { log, shutdown });
    // Whoever is answered on the socket finds the rest open too.
    if (engine.network !== undefined && config.serve !== undefined) {
      await listenOnNetwork(engine.network, config.serve.listen, log);
    }
    for (const [n, server] of engine.cri.entries()) await listenOn(server, config.cri.sockets[n] ?? '', log);
    await listenOn(engine.server, config.socket, log);
    log.info('berthd is ready', { pid: process.pid, socket: config.socket, root: config.root, run: config.run });
    await asked;
    log.info('berthd ends; containers go on');
  }
  for (const socket of [config.socket, ...config.cri.sockets]) await unlink(socket).catch(() => undefined);
}

// An error that nobody caught is a fault of ours. Containers do not depend on this process: say it and end.
process.on('uncaughtException', (error) => fail(error));
process.on('unhandledRejection', (reason) => fail(reason));

function fail(reason: unknown): never {
  const error = asError(reason);
  const text = error instanceof BerthError ? error.message : (error.stack ?? error.message);
  process.stderr.write(`berthd: ${text}\n`);
  if (error instanceof BerthError && error.hint !== undefined) process.stderr.write(`hint: ${error.hint}\n`);
  process.exit(1);
}

main().then(() => process.exit(0), fail);
