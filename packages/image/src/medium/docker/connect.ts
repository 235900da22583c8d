import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { Agent, type AgentOptions } from 'node:http';
import { connect as connectSocket, type Socket } from 'node:net';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import type { DockerEndpoint, DockerTls } from './host.ts';

/** Connections that are open at once: one for the long transfer, the others for questions. */
const options: AgentOptions = { keepAlive: true, maxSockets: 6 };

/** HTTP connections to a dockerd. Destroying the agent closes them all. */
export function dockerAgent(endpoint: DockerEndpoint): Agent {
  const agent = new Agent(options);
  const open = opener(endpoint);
  agent.createConnection = () => open();
  return agent;
}

function opener(endpoint: DockerEndpoint): () => Duplex {
  switch (endpoint.kind) {
    case 'unix':
      return () => connectSocket(endpoint.path);
    case 'tcp': {
      const { host, port, tls } = endpoint;
      if (tls === undefined) return () => connectSocket({ host, port, noDelay: true });
      const secrets = tlsOptions(tls);
      return () => connectTls({ host, port, ...secrets, ...(isName(host) ? { servername: host } : {}) });
    }
    case 'ssh':
      return () => sshConnection(endpoint);
  }
}

/** An address is no server name (RFC 6066, section 3). */
function isName(host: string): boolean {
  return !/^[\d.]+$|:/.test(host);
}

function tlsOptions({ folder, verify }: DockerTls): ConnectionOptions {
  const read = (key: 'ca' | 'cert' | 'key') => {
    const file = join(folder, `${key}.pem`);
    return existsSync(file) ? { [key]: readFileSync(file) } : {};
  };
  return { ...read('ca'), ...read('cert'), ...read('key'), rejectUnauthorized: verify };
}

/** As docker's own ssh helper does it: the far side's docker copies between its standard streams and its daemon. */
function sshConnection({ destination, port, socket }: DockerEndpoint & { kind: 'ssh' }): Duplex {
  const target = socket === undefined ? [] : ['--host', `unix://${socket}`];
  const argv = [...(port === undefined ? [] : ['-p', port]), '-T', '--', destination];
  // ssh hands the words to a shell.
  const remote = ['docker', ...target, 'system', 'dial-stdio'].map(quoted).join(' ');
  const child = spawn('ssh', [...argv, remote], { stdio: 'pipe' });
  const duplex: Duplex = Duplex.from({ readable: child.stdout, writable: child.stdin } as never);
  watch(child, duplex);
  return asSocket(duplex, child);
}

/** The agent takes what it is given for a socket: it sets its options, and lets go of it while it is idle. */
function asSocket(duplex: Duplex, child: ChildProcess): Duplex {
  const same = () => duplex;
  const turn = (verb: 'ref' | 'unref') => () => {
    child[verb]();
    for (const stream of [child.stdin, child.stdout, child.stderr]) (stream as Socket | null)?.[verb]();
    return duplex;
  };
  const members = { setKeepAlive: same, setNoDelay: same, setTimeout: same, ref: turn('ref'), unref: turn('unref') };
  return Object.assign(duplex, members);
}

function watch(child: ChildProcess, duplex: Duplex): void {
  let said = '';
  child.stderr?.on('data', (piece: Buffer) => (said = (said + piece.toString()).slice(-2000)));
  child.on('error', (error) => duplex.destroy(error));
  child.on('close', (code) => {
    if (code !== 0 && !duplex.destroyed) duplex.destroy(new Error(`ssh ended with ${code}: ${said.trim()}`));
  });
  duplex.on('close', () => child.kill());
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
