import type { ExecCreate, ExecCreated, ExecDetail } from '@berth/wire/native/api';
import { requestJson, type Transport } from './http.ts';
import type { CallOptions } from './image-client.ts';
import { AttachStream, type OutputSink, type TerminalSize } from './stream.ts';

export interface ExecAttachOptions extends CallOptions {
  /** Of the terminal, from its first moment. */
  readonly size?: TerminalSize | undefined;
  readonly onOutput: OutputSink;
}

/** Commands in containers that run. */
export interface ExecClient {
  /** @throws not_found, failed_precondition (`not_running`, `paused`) */
  create(ref: string, config: ExecCreate, options?: CallOptions): Promise<ExecCreated>;
  /** Detached. @throws failed_precondition (`command_not_found`, `command_not_executable`) */
  start(id: string, options?: CallOptions): Promise<void>;
  /** Once per exec. A command that cannot be run rejects the stream's `started`. */
  attach(id: string, options: ExecAttachOptions): Promise<AttachStream>;
  inspect(id: string, options?: CallOptions): Promise<ExecDetail>;
  resize(id: string, size: TerminalSize, options?: CallOptions): Promise<void>;
}

export function execClient(transport: Transport): ExecClient {
  const place = (id: string, rest = '') => `/exec/${encodeURIComponent(id)}${rest}`;
  return {
    create: (ref, json, { signal } = {}) =>
      requestJson(transport, { method: 'POST', path: `/containers/${encodeURIComponent(ref)}/exec`, json, signal }),
    start: (id, { signal } = {}) => requestJson(transport, { method: 'POST', path: place(id, '/start'), signal }),
    attach: (id, { signal, size, onOutput }) =>
      AttachStream.open(transport, { method: 'POST', path: place(id, '/start'), query: { ...size }, signal }, onOutput),
    inspect: (id, { signal } = {}) => requestJson(transport, { method: 'GET', path: place(id), signal }),
    resize: (id, size, { signal } = {}) =>
      requestJson(transport, { method: 'POST', path: place(id, '/resize'), query: { ...size }, signal }),
  };
}
