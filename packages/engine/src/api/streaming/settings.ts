import type { Log } from '@berth/model/context';

export interface StreamingSettings {
  /** An IP address. Whoever reaches it needs a token besides, but what they say is not encrypted. */
  readonly address: string;
  /** 0: one that is free. */
  readonly port: number;
  /** Milliseconds without a byte in either direction after which a connection is closed. */
  readonly idleTimeout: number;
  /** Milliseconds in which a client opens the streams that it asked for. Absent: 30 seconds, as in the reference server. */
  readonly creationTimeout?: number;
  readonly log: Log;
}
