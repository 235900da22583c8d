import { tmpdir } from 'node:os';
import { type Log, silentLog } from '@berth/model/context';
import { DockerApi } from './api.ts';
import { type DockerFacts, dockerFacts } from './daemon.ts';
import { type DockerEndpoint, dockerEndpoint } from './host.ts';

export interface DockerOptions {
  /** As DOCKER_HOST has it (`--src-daemon-host`); that or the usual socket when absent. */
  readonly host?: string;
  /** Folder for what the daemon exports; the system's temporary folder when absent. */
  readonly scratch?: string;
  /** Of the questions that opening asks. */
  readonly signal?: AbortSignal;
  readonly log?: Log;
  /** Instead of our own environment. */
  readonly env?: NodeJS.ProcessEnv;
}

export interface DockerConnection {
  readonly api: DockerApi;
  readonly endpoint: DockerEndpoint;
  readonly facts: DockerFacts;
  readonly scratch: string;
  readonly log: Log;
}

const never = new AbortController().signal;

/** @throws invalid_argument (`bad_docker_host`), unavailable (`no_dockerd`), permission_denied (`docker_socket`) */
export async function connectDocker(options: DockerOptions): Promise<DockerConnection> {
  const { host, scratch = tmpdir(), signal = never, log = silentLog, env = process.env } = options;
  const endpoint = dockerEndpoint(host, env);
  const api = new DockerApi(endpoint);
  try {
    return { api, endpoint, facts: await dockerFacts(api, signal), scratch, log };
  } catch (error) {
    api[Symbol.dispose]();
    throw error;
  }
}
