import type { BerthError } from '@berth/model/error';
import type { EngineEvent, Info, Ping } from '@berth/wire/native/api';
import { containerClient, type ContainerClient } from './container-client.ts';
import { execClient, type ExecClient } from './exec-client.ts';
import { requestJson, requestLines, type Transport } from './http.ts';
import { imageClient, type CallOptions, type ImageClient } from './image-client.ts';
import { leaseClient, type LeaseClient } from './lease-client.ts';
import { namespaceClient, type NamespaceClient } from './namespace-client.ts';
import { podClient, type PodClient } from './pod-client.ts';
import { systemClient, type SystemClient } from './system-client.ts';

export type {
  ArchiveSource,
  CallOptions,
  ImageClient,
  ImportOptions,
  SaveOptions,
  TransferOptions,
} from './image-client.ts';
export type { AttachOptions, ContainerClient, ListOptions, LogOptions, OutputChunk } from './container-client.ts';
export type { ExecClient } from './exec-client.ts';
export type { LeaseClient } from './lease-client.ts';
export type { NamespaceClient } from './namespace-client.ts';
export type { PodClient } from './pod-client.ts';
export type { SystemClient } from './system-client.ts';
export type { AttachStream, OutputSink, TerminalSize } from './stream.ts';

export interface ConnectOptions {
  /** The daemon's socket, an absolute path. */
  readonly socket: string;
  /** Whose images, containers and leases the client sees; `default` when absent. */
  readonly namespace?: string | undefined;
  /**
   * Called once for a request that finds no daemon, with the error that it would fail with; when it returns, the
   * request is tried again.
   */
  readonly whenAbsent?: (error: BerthError) => Promise<void>;
}

export interface EventOptions extends CallOptions {
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  readonly filters?: readonly string[];
}

/**
 * One daemon. Nothing is connected until a call is made, and every call has its own connection: a client need not
 * be closed.
 *
 * Every call rejects with a BerthError that has the daemon's kind, code and hint; unavailable with the code
 * `daemon_not_running` means that nobody listens on the socket. An aborted call rejects with its signal's reason.
 */
export interface BerthClient {
  readonly images: ImageClient;
  readonly containers: ContainerClient;
  readonly exec: ExecClient;
  readonly system: SystemClient;
  readonly namespaces: NamespaceClient;
  readonly leases: LeaseClient;
  readonly pods: PodClient;
  ping(options?: CallOptions): Promise<Ping>;
  info(options?: CallOptions): Promise<Info>;
  /** From now on, until the signal is aborted or the loop is left. */
  events(options?: EventOptions): AsyncIterable<EngineEvent>;
  /** Asks the daemon to end. Containers go on. */
  shutdown(options?: CallOptions): Promise<void>;
}

export function connectBerth(options: ConnectOptions): BerthClient {
  const transport: Transport = options;
  const get = <T>(path: string, { signal }: CallOptions = {}) =>
    requestJson<T>(transport, { method: 'GET', path, signal });
  return {
    images: imageClient(transport),
    containers: containerClient(transport),
    exec: execClient(transport),
    system: systemClient(transport),
    namespaces: namespaceClient(transport),
    leases: leaseClient(transport),
    pods: podClient(transport),
    ping: (call) => get('/ping', call),
    info: (call) => get('/info', call),
    events: ({ since, until, filters, signal } = {}) =>
      requestLines(transport, { method: 'GET', path: '/events', query: { since, until, filter: filters }, signal }),
    shutdown: ({ signal } = {}) => requestJson(transport, { method: 'POST', path: '/shutdown', signal }),
  };
}
