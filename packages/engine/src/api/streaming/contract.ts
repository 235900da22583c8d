import type { Duplex } from 'node:stream';

/**
 * The streaming server of the CRI: exec, attach and port-forward over SPDY/3.1 and WebSocket, at URLs with a token that is
 * used once and within a minute. It knows no engine: what a URL stands for is given with the token.
 */
export interface StreamingServer extends AsyncDisposable {
  /** @throws resource_exhausted (`too_many_tokens`) */
  exec(session: CommandSession): string;
  attach(session: CommandSession): string;
  portForward(session: PortForwardSession): string;
}

/** Streams of a command, and who runs it once the client is connected. */
export interface CommandSession {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly tty: boolean;
  /** Resolves when the command has ended and all its output was handed on. @throws BerthError: it could not be run */
  run(streams: CommandStreams): Promise<CommandEnd>;
}

export interface CommandStreams {
  /** Aborted when the client is gone. */
  readonly signal: AbortSignal;
  /** Ends where the client half-closes; absent when not asked for. Read at the command's pace. */
  readonly stdin?: AsyncIterable<Uint8Array>;
  /** Resolves when there is room for more: who waits holds the command back. */
  write(stream: 'stdout' | 'stderr', bytes: Uint8Array): Promise<void>;
  /** Sizes in the order they come. */
  readonly resizes: AsyncIterable<{ readonly rows: number; readonly columns: number }>;
}

export interface CommandEnd {
  readonly exitCode: number;
}

export interface PortForwardSession {
  /** Those that were asked for; a client may ask for others over SPDY. */
  readonly ports: readonly number[];
  /** A connection to the port inside the pod. @throws unavailable */
  connect(port: number): Promise<Duplex>;
}
