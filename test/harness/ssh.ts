import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { commandPatience } from './patience.ts';
import type { Engine } from './engine.ts';

/** Why tests with a real sshd cannot run here; false when they can. */
export const whyNoSshd: string | false =
  process.getuid?.() !== 0
    ? 'needs root: sshd changes its user'
    : existsSync('/usr/sbin/sshd') && existsSync('/usr/bin/ssh')
      ? false
      : 'needs openssh-server and openssh-client';

/** Another machine, as far as ssh can tell. */
export interface OtherMachine extends AsyncDisposable {
  /** `[USER@]HOST[:PORT]` of `ssh://`. */
  readonly host: string;
  /** What BERTH_SSH has to be: a program that knows the keys. */
  readonly program: string;
}

/** A program in the place of ssh that runs the command here, with another engine's folders. */
export function fakeSsh(engine: Engine): OtherMachine & { readonly log: string } {
  const folder = mkdtempSync('/tmp/berth-ssh-');
  const log = path.join(folder, 'log');
  const program = script(folder, 'ssh', [
    `printf '%s\\n' "$*" >> ${log}`,
    'while [ "$1" != -- ]; do shift; done',
    'shift 2',
    `export PATH=${path.dirname(berthScript(folder, engine))}:$PATH`,
    'exec sh -c "$*"',
  ]);
  return { host: 'fake@machine:2222', program, log, [Symbol.asyncDispose]: async () => remove(folder) };
}

/** A real sshd on loopback, with keys of its own, in whose sessions `berth` is this engine's. */
export async function realSsh(engine: Engine): Promise<OtherMachine> {
  const folder = mkdtempSync('/tmp/berth-ssh-');
  for (const key of ['host', 'client']) {
    keygen(['-q', '-t', 'ed25519', '-N', '', '-f', path.join(folder, key)]);
  }
  const berth = berthScript(folder, engine);
  const port = await freePort();
  const user = 'root';
  // Its own folder: StrictModes wants all folders above a key file to be their user's alone, and /tmp is not.
  const settings = [
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    `HostKey ${path.join(folder, 'host')}`,
    `AuthorizedKeysFile ${path.join(folder, 'client.pub')}`,
    'StrictModes no',
    'UsePAM no',
    'PermitRootLogin yes',
    'PidFile none',
    `SetEnv PATH=${path.dirname(berth)}:/usr/sbin:/usr/bin:/sbin:/bin`,
  ];
  writeFileSync(path.join(folder, 'sshd_config'), settings.join('\n') + '\n');
  // sshd's own folder for the part of it without rights; a boot makes it.
  const madeFolder = mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
  const child = spawn('/usr/sbin/sshd', ['-D', '-e', '-f', path.join(folder, 'sshd_config')], { stdio: 'ignore' });
  const options = ['IdentitiesOnly=yes', 'StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null', 'LogLevel=ERROR'];
  const flags = options.map((option) => `-o ${option}`).join(' ');
  const program = script(folder, 'ssh', [`exec ssh -F none -i ${path.join(folder, 'client')} ${flags} "$@"`]);
  await listening(port);
  return {
    host: `${user}@127.0.0.1:${port}`,
    program,
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) {
        const exited = once(child, 'exit');
        child.kill('SIGTERM');
        await exited;
      }
      if (madeFolder !== undefined) remove(madeFolder);
      remove(folder);
    },
  };
}

/** `berth`, as this engine's user has it in the PATH. */
function berthScript(folder: string, engine: Engine): string {
  const { argv, env } = engine.command([]);
  const names = ['BERTH_ROOT', 'BERTH_RUN', 'BERTH_CGROUP_PARENT', 'BERTH_CONFIG'] as const;
  const settings = names.map((name) => `export ${name}='${env[name]}'`);
  return script(folder, 'berth', [...settings, `exec ${argv.join(' ')} "$@"`]);
}

function script(folder: string, name: string, lines: readonly string[]): string {
  const own = path.join(folder, `${name}-bin`);
  mkdirSync(own);
  const file = path.join(own, name);
  writeFileSync(file, ['#!/bin/sh', ...lines, ''].join('\n'));
  chmodSync(file, 0o755);
  return file;
}

function keygen(args: readonly string[]): void {
  const { status, stderr } = spawnSync('ssh-keygen', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`ssh-keygen: ${stderr}`);
}

async function freePort(): Promise<number> {
  const server = net.createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as net.AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function listening(port: number): Promise<void> {
  for (const deadline = Date.now() + commandPatience; ; await sleep(50)) {
    const socket = net.connect(port, '127.0.0.1');
    const isOpen = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (isOpen) return;
    if (Date.now() > deadline) throw new Error('sshd does not listen');
  }
}

function remove(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}
