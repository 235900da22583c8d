import { homedir } from 'node:os';
import { join } from 'node:path';
import { BerthError } from '@berth/model/error';

/** Where a dockerd listens, as the docker command understands `DOCKER_HOST`. */
export type DockerEndpoint =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number; readonly tls?: DockerTls }
  /** Through `docker system dial-stdio` on the other machine. */
  | { readonly kind: 'ssh'; readonly destination: string; readonly port?: string; readonly socket?: string };

export interface DockerTls {
  /** Folder with ca.pem, cert.pem and key.pem; those that are absent are not used. */
  readonly folder: string;
  /** False: any certificate of the daemon's will do, as docker has it without DOCKER_TLS_VERIFY. */
  readonly verify: boolean;
}

const usualSocket = '/var/run/docker.sock';

/**
 * The endpoint of `host`, else of `DOCKER_HOST`, else the usual socket. `DOCKER_CERT_PATH` and `DOCKER_TLS_VERIFY` mean
 * what they mean for docker.
 * @throws invalid_argument (`bad_docker_host`)
 */
export function dockerEndpoint(host: string | undefined, env: NodeJS.ProcessEnv): DockerEndpoint {
  const text = host ?? env['DOCKER_HOST'] ?? '';
  if (text === '') return { kind: 'unix', path: usualSocket };
  const [, scheme = '', rest = ''] = /^([a-z]+):\/\/(.*)$/.exec(text) ?? [];
  switch (scheme) {
    case 'unix':
      return { kind: 'unix', path: rest === '' ? usualSocket : rest };
    case 'tcp':
    case 'http':
    case 'https':
      return tcpEndpoint(text, scheme, env);
    case 'ssh':
      return sshEndpoint(text);
    default:
      throw bad(text, scheme === '' ? 'no scheme' : `the unknown scheme '${scheme}'`);
  }
}

/** As messages name it. */
export function endpointName(endpoint: DockerEndpoint): string {
  switch (endpoint.kind) {
    case 'unix':
      return `unix://${endpoint.path}`;
    case 'tcp':
      return `tcp://${endpoint.host}:${endpoint.port}`;
    case 'ssh':
      return `ssh://${endpoint.destination}${endpoint.port === undefined ? '' : `:${endpoint.port}`}`;
  }
}

function tcpEndpoint(text: string, scheme: string, env: NodeJS.ProcessEnv): DockerEndpoint {
  const url = urlOf(text);
  if (url.pathname !== '' && url.pathname !== '/') throw bad(text, 'a path');
  const verify = (env['DOCKER_TLS_VERIFY'] ?? '') !== '';
  const certificates = env['DOCKER_CERT_PATH'] ?? '';
  const isTls = scheme === 'https' || (scheme === 'tcp' && (verify || certificates !== ''));
  const folder = certificates === '' ? join(homedir(), '.docker') : certificates;
  // docker checks nothing without DOCKER_TLS_VERIFY; a URL that says https has no such history.
  const tls = isTls ? { tls: { folder, verify: verify || scheme === 'https' } } : {};
  const port = url.port === '' ? (isTls ? 2376 : 2375) : Number(url.port);
  return { kind: 'tcp', host: url.hostname.replace(/^\[(.*)\]$/, '$1'), port, ...tls };
}

function sshEndpoint(text: string): DockerEndpoint {
  const url = urlOf(text);
  if (url.password !== '') throw bad('ssh://…', 'a password');
  // What begins with a dash would be an option of ssh.
  if (url.hostname.startsWith('-') || url.username.startsWith('-')) throw bad(text, 'a name that begins with a dash');
  const user = url.username === '' ? '' : `${decodeURIComponent(url.username)}@`;
  return {
    kind: 'ssh',
    destination: `${user}${url.hostname.replace(/^\[(.*)\]$/, '$1')}`,
    ...(url.port === '' ? {} : { port: url.port }),
    ...(url.pathname === '' || url.pathname === '/' ? {} : { socket: url.pathname }),
  };
}

function urlOf(text: string): URL {
  // http's own default port would be swallowed, and any other scheme reads alike.
  const url = URL.parse(text.replace(/^[a-z]+:/, 'docker:'));
  if (url === null || url.hostname === '' || url.search !== '' || url.hash !== '') throw bad(text, 'no host');
  return url;
}

function bad(text: string, problem: string): BerthError {
  return new BerthError('invalid_argument', `the docker host '${text.slice(0, 300)}' has ${problem}`, {
    code: 'bad_docker_host',
    hint: 'a docker host reads unix:///PATH, tcp://HOST[:PORT] or ssh://[USER@]HOST[:PORT]',
  });
}
