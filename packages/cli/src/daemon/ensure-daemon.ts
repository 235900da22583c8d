import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, fstatSync, mkdirSync, openSync, readFileSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { asError, BerthError, isKind } from '@berth/model/error';
import { connectBerth } from '@berth/sdk/client';
import type { DaemonPlace } from './place.ts';

const pollEvery = 5;
const patience = 10_000;

/**
 * Starts the daemon and waits until it answers. Two commands may do this at once: the daemon's lock refuses the
 * second daemon, and both wait for the first.
 * @throws unavailable (`daemon_start_failed`) with the last lines of the daemon's log
 */
export async function startDaemon(place: DaemonPlace): Promise<void> {
  const log = openLog(place);
  const from = fstatSync(log.descriptor).size;
  const child = spawnDaemon(place, log.descriptor);
  closeSync(log.descriptor);
  const ended = Promise.withResolvers<string>();
  child.once('error', (error) => ended.resolve(error.message));
  child.once('exit', (code, signal) => ended.resolve(`it ended with ${signal ?? `code ${code}`}`));
  child.unref();
  const reason = await answers(place, ended.promise);
  child.removeAllListeners();
  if (reason !== undefined) throw startFailed(reason, log.file, from);
}

/** Undefined once a daemon answers, else why none will. */
async function answers({ socket }: DaemonPlace, ended: Promise<string>): Promise<string | undefined> {
  const client = connectBerth({ socket });
  const deadline = Date.now() + patience;
  let gone: string | undefined;
  void ended.then((reason) => (gone = reason));
  // One that lost against another daemon's lock ends at once, while the winner may need a moment more.
  let graceEnds = Number.POSITIVE_INFINITY;
  for (;;) {
    try {
      await client.ping({ signal: AbortSignal.timeout(1000) });
      return undefined;
    } catch (error) {
      if (isKind(error, 'permission_denied')) throw error;
    }
    if (gone !== undefined) graceEnds = Math.min(graceEnds, Date.now() + 300);
    if (Date.now() > graceEnds) return gone;
    if (Date.now() > deadline) return `it did not answer within ${patience / 1000} seconds`;
    await sleep(pollEvery);
  }
}

function openLog({ run }: DaemonPlace): { readonly file: string; readonly descriptor: number } {
  const file = path.join(run, 'berthd.log');
  try {
    mkdirSync(run, { recursive: true, mode: 0o711 });
    return { file, descriptor: openSync(file, 'a', 0o640) };
  } catch (cause) {
    throw new BerthError('permission_denied', `cannot start the daemon: ${asError(cause).message}`, {
      code: 'daemon_start_failed',
      hint: 'run as root, or choose a folder of your own with --run and --root',
      cause,
    });
  }
}

function spawnDaemon(place: DaemonPlace, log: number): ChildProcess {
  const env: NodeJS.ProcessEnv = { ...process.env, BERTH_RUN: place.run, BERTH_SOCKET: place.socket };
  if (place.root !== undefined) env['BERTH_ROOT'] = place.root;
  return spawn(process.execPath, [...process.execArgv, daemonProgram()], {
    // Not this folder: the daemon would hold it for ever.
    cwd: '/',
    detached: true,
    stdio: ['ignore', log, log],
    env,
  });
}

/** Beside the bundled command, or in the source tree. `BERTH_DAEMON` names another one. */
function daemonProgram(): string {
  const named = process.env['BERTH_DAEMON'];
  if (named !== undefined && named !== '') return named;
  const here = path.dirname(realpathSync(process.argv[1] ?? '.'));
  const places = ['berthd.cjs', '../../engine/src/daemon/main.ts', '../build/berthd.cjs'];
  const found = places.map((relative) => path.resolve(here, relative)).find((file) => existsSync(file));
  if (found !== undefined) return found;
  throw new BerthError('unavailable', `the daemon's program is not beside this one in ${here}`, {
    code: 'daemon_start_failed',
    hint: 'build it with `npm run build`, or name it in BERTH_DAEMON',
  });
}

function startFailed(reason: string, log: string, from: number): BerthError {
  const text = readFileSync(log).subarray(from).toString('utf8').trimEnd();
  // Of a crash the message counts; the stack stays in the log.
  const lines = text
    .split('\n')
    .filter((line) => !/^\s+at /.test(line))
    .slice(-10);
  const told = lines.join('\n') === '' ? '' : `\n${lines.map((line) => `  ${line}`).join('\n')}`;
  return new BerthError('unavailable', `the daemon could not be started: ${reason}${told}`, {
    code: 'daemon_start_failed',
    hint: `its whole log is in ${log}`,
  });
}
