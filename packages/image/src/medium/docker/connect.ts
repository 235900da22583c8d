import { existsSync, readFileSync } from 'node:fs';
import { Agent, type AgentOptions } from 'node:http';
import { connect as connectSocket } from 'node:net';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import type { DockerEndpoint, DockerTls } from './host.ts';
import { SshConnection } from './ssh-connection.ts';

/** Connections that are open at once: one for the long transfer, the others for questions. */
const options: AgentOptions = { keepAlive: true, maxSockets: 6 };
/** Each of them is a login. */
const sshOptions: AgentOptions = { keepAlive: true, maxSockets: 2 };

/** HTTP connections to a dockerd. Destroying the agent closes them all. */
export function dockerAgent(endpoint: DockerEndpoint): Agent {
  const agent = new Agent(endpoint.kind === 'ssh' ? sshOptions : options);
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
      return () => new SshConnection(endpoint);
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
