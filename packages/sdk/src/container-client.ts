import type * as wire from '@berth/wire/native/api';
import { FrameParser, frameTypes } from '@berth/wire/native/stream';
import { type HttpCall, requestBytes, requestJson, requestLines, type Transport } from './http.ts';
import type { CallOptions } from './image-client.ts';
import { AttachStream, type OutputSink, type TerminalSize } from './stream.ts';

export interface ListOptions extends CallOptions {
  /** Also those that do not run. */
  readonly all?: boolean | undefined;
  /** `name=web`, `status=exited`, `label=a=b`, … */
  readonly filters?: readonly string[];
}

export interface StopOptions extends CallOptions {
  /** Seconds until SIGKILL; absent: the container's own. */
  readonly timeout?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** The signal to send instead of the container's own. */
  readonly stopSignal?: string | undefined;
}

export interface AttachOptions extends CallOptions {
  readonly stdin?: boolean | undefined;
  /** Default: true. */
  readonly output?: boolean | undefined;
  /** Start the container once attached, so that no output is missed. */
  readonly start?: boolean | undefined;
  /** First what was written before. */
  readonly logs?: boolean | undefined;
  /** Of the terminal, from its first moment. */
  readonly size?: TerminalSize | undefined;
  readonly onOutput: OutputSink;
}

export interface LogOptions extends CallOptions {
  readonly follow?: boolean | undefined;
  /** Last lines only. */
  readonly tail?: number | undefined;
  /** RFC 3339, seconds since 1970, or a span before now (`10m`). */
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  readonly timestamps?: boolean | undefined;
}

export interface OutputChunk {
  readonly stream: 'stdout' | 'stderr';
  readonly bytes: Uint8Array;
}

export type WaitCondition = 'not-running' | 'next-exit' | 'removed';

/** Containers. `ref` is an id, a name, or the start of an id that only one container has. */
export interface ContainerClient {
  create(config: wire.ContainerCreate, options?: CallOptions): Promise<wire.ContainerCreated>;
  /** Newest first. */
  list(options?: ListOptions): Promise<readonly wire.ContainerSummary[]>;
  inspect(ref: string, options?: CallOptions): Promise<wire.ContainerDetail>;
  /** @throws failed_precondition (`command_not_found`, `command_not_executable`, …) */
  start(ref: string, options?: CallOptions): Promise<void>;
  stop(ref: string, options?: StopOptions): Promise<void>;
  kill(ref: string, signalName?: string, options?: CallOptions): Promise<void>;
  pause(ref: string, options?: CallOptions): Promise<void>;
  unpause(ref: string, options?: CallOptions): Promise<void>;
  rename(ref: string, name: string, options?: CallOptions): Promise<void>;
  resize(ref: string, size: TerminalSize, options?: CallOptions): Promise<void>;
  /** @throws failed_precondition (`still_running`) unless `force` */
  remove(ref: string, options?: CallOptions & { readonly force?: boolean }): Promise<void>;
  wait(ref: string, condition?: WaitCondition, options?: CallOptions): Promise<wire.WaitResult>;
  attach(ref: string, options: AttachOptions): Promise<AttachStream>;
  logs(ref: string, options?: LogOptions): AsyncIterable<OutputChunk>;
  top(ref: string, psArguments?: string, options?: CallOptions): Promise<wire.TopResult>;
  /** One sample, or one a second with `stream`. */
  stats(ref: string, options?: CallOptions & { readonly stream?: boolean }): AsyncIterable<wire.ContainerStats>;
  explain(ref: string, options?: CallOptions): Promise<wire.Explanation>;
  /** A tar of the container's file system, whether it runs or not. */
  export(ref: string, options?: CallOptions): AsyncIterable<Uint8Array>;
}

export function containerClient(transport: Transport): ContainerClient {
  return { ...lifeCalls(transport), ...insightCalls(transport) };
}

const place = (ref: string, rest = '') => `/containers/${encodeURIComponent(ref)}${rest}`;

type LifeCalls = Omit<ContainerClient, 'inspect' | 'logs' | 'top' | 'stats' | 'explain' | 'export' | 'list'>;

function lifeCalls(transport: Transport): LifeCalls {
  const post = <T = void>(path: string, options: CallOptions | undefined, more: Partial<HttpCall> = {}): Promise<T> =>
    requestJson<T>(transport, { method: 'POST', path, signal: options?.signal, ...more });
  return {
    create: (json, options) => post('/containers', options, { json }),
    start: (ref, options) => post(place(ref, '/start'), options),
    async stop(ref, { timeout, stopSignal, ...options } = {}) {
      await post(place(ref, '/stop'), options, { query: { timeout, signal: stopSignal } });
    },
    kill: (ref, signal, options) => post(place(ref, '/kill'), options, { query: { signal } }),
    pause: (ref, options) => post(place(ref, '/pause'), options),
    unpause: (ref, options) => post(place(ref, '/unpause'), options),
    rename: (ref, name, options) => post(place(ref, '/rename'), options, { query: { name } }),
    resize: (ref, size, options) => post(place(ref, '/resize'), options, { query: { ...size } }),
    remove: (ref, { force, signal } = {}) =>
      requestJson(transport, { method: 'DELETE', path: place(ref), query: { force }, signal }),
    wait: (ref, condition, options) => post(place(ref, '/wait'), options, { query: { condition } }),
    attach(ref, { stdin, output = true, start, logs, size, signal, onOutput }) {
      const query = { stdin, output, start, logs, ...size };
      return AttachStream.open(transport, { method: 'POST', path: place(ref, '/attach'), query, signal }, onOutput);
    },
  };
}

function insightCalls(transport: Transport): Pick<ContainerClient, Exclude<keyof ContainerClient, keyof LifeCalls>> {
  const get = <T>(path: string, options: CallOptions | undefined, query: HttpCall['query'] = {}): Promise<T> =>
    requestJson<T>(transport, { method: 'GET', path, query, signal: options?.signal });
  return {
    list: ({ all, filters, ...options } = {}) => get('/containers', options, { all, filter: filters }),
    inspect: (ref, options) => get(place(ref), options),
    top: (ref, psArguments, options) => get(place(ref, '/top'), options, { ps: psArguments }),
    explain: (ref, options) => get(place(ref, '/explain'), options),
    export: (ref, { signal } = {}) => requestBytes(transport, { method: 'GET', path: place(ref, '/export'), signal }),
    stats: (ref, { stream, signal } = {}) =>
      requestLines(transport, { method: 'GET', path: place(ref, '/stats'), query: { stream }, signal }),
    async *logs(ref, { signal, ...options } = {}) {
      const query = { ...options, stdout: true, stderr: true };
      const parser = new FrameParser();
      for await (const bytes of requestBytes(transport, { method: 'GET', path: place(ref, '/logs'), query, signal })) {
        for (const { type, payload } of parser.push(bytes)) {
          yield { stream: type === frameTypes.stderr ? 'stderr' : 'stdout', bytes: payload };
        }
      }
    },
  };
}
